// The MPI world: links between rank 0 and each other rank. Compiled into mpibatch-mpi alone.
// Nonblocking sends with a bound; arrivals are found by a matched probe behind a socket doorbell,
// and by a slow poll should one get lost. No call tells of a dead peer (Open MPI 4.1): the launcher
// ends the world, or silence is noticed above this seam.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <mpibatch/transport/link.hpp>

namespace mpibatch::transport {

class MpiWorld {
 public:
  // MPI_Init_thread(FUNNELED); call once, from the thread that uses the links. The process's
  // environment is afterwards what it was before.
  static Result<std::unique_ptr<MpiWorld>> start(int* argc, char*** argv);
  virtual ~MpiWorld() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual int local_rank() const = 0;  // among the ranks of this host, in rank order
  virtual int local_size() const = 0;

  // Rank 0: to rank `peer`. Others: to rank 0 (`peer` = 0). One link a peer. All links share one
  // descriptor, and progress() of one moves the bytes of all.
  virtual std::unique_ptr<Link> link(int peer) = 0;

  virtual std::string broadcast(std::string from_rank_0) = 0;  // collective, start-up only
  virtual std::vector<std::string> gather(
      const std::string& mine) = 0;  // collective; at rank 0: one a rank

  // Sends what is queued (10 s at the most), then MPI_Finalize: where every rank is known to come
  // too. Links are closed afterwards. Without it the destructor calls nothing of MPI, and the
  // process is to leave by _exit: MPI_Finalize hangs on a dead peer.
  virtual void finish() = 0;
};

}  // namespace mpibatch::transport

#include "cli/run_ports.hpp"

#include <mpibatch/base/host.hpp>
#include <mpibatch/node/starter_port.hpp>
#include <mpibatch/transport/mpi_world.hpp>

namespace mpibatch::cli {

namespace {

class OwnHost final : public server::NodePort {
 public:
  OwnHost(const node::LaunchOptions& launch, server::NodeUse use, bool may_launch)
      : port_(launch, may_launch), use_(use) {}

  server::NodeUse use() const override { return use_; }
  void step(Duration boot) override { port_.step(boot); }
  transport::Link* link() override { return port_.link(); }
  std::uint64_t links_made() const override { return port_.links_made(); }
  std::string failure() const override { return port_.failure(); }
  int wait_ms_max() const override { return port_.wait_ms_max(); }
  bool tells_of_its_end() const override { return true; }

 private:
  node::StarterPort port_;
  server::NodeUse use_;
};

class Rank final : public server::NodePort {
 public:
  explicit Rank(std::unique_ptr<transport::Link> link) : link_(std::move(link)) {}

  server::NodeUse use() const override { return server::NodeUse::Work; }
  void step(Duration) override {}
  transport::Link* link() override { return link_.get(); }
  std::uint64_t links_made() const override { return 1; }
  std::string failure() const override { return {}; }
  int wait_ms_max() const override { return -1; }
  bool tells_of_its_end() const override { return false; }  // it lasts as long as the world

 private:
  std::unique_ptr<transport::Link> link_;
};

bool holds_work(const scheduler::Scheduler& core, const model::NodeName& name) {
  const auto node = core.node(name);
  if (!node) return false;
  for (const scheduler::GrantView& grant : core.grants())
    if (grant.node == node->id) return true;
  return false;
}

}  // namespace

std::vector<std::unique_ptr<server::NodePort>> make_ports(const Orders& orders,
                                                          transport::MpiWorld* world,
                                                          const scheduler::Scheduler& core) {
  std::vector<std::unique_ptr<server::NodePort>> ports;
  node::LaunchOptions own = launch_options(orders, world);
  ports.push_back(std::make_unique<OwnHost>(own, server::NodeUse::Work, true));
  for (int rank = 1; world != nullptr && rank < world->size(); ++rank)
    ports.push_back(std::make_unique<Rank>(world->link(rank)));
  for (const std::uint32_t share : node::shares_beyond(orders.run, own.starter.shares)) {
    node::LaunchOptions gone = own;
    gone.starter.share = share;
    gone.starter.shares = share + 1;
    gone.starter.cpus_per_node = 0;
    // Where its starter has died, a new one that takes no work makes sure that nothing of it is
    // left.
    const bool launch = holds_work(core, {host_name(), share});
    ports.push_back(std::make_unique<OwnHost>(gone, server::NodeUse::FinishOnly, launch));
  }
  return ports;
}

}  // namespace mpibatch::cli

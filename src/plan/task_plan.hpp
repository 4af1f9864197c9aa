// A plan that nobody wrote: one array job over a list of tasks or a sheet, and what the command
// line says of it.
#pragma once

#include <memory>
#include <string>

#include <mpibatch/model/plan.hpp>
#include <mpibatch/plan/load.hpp>

#include "plan/field.hpp"
#include "plan/sheet.hpp"
#include "plan/task_list.hpp"

namespace mpibatch::plan {

// What is wrong with the options is reported as `--vcpus` and so on. A null table was reported.
model::Plan make_task_plan(std::shared_ptr<const TaskList> list, const TaskOptions& options,
                           Errors& errors);
// `file` is the sheet as the user named it.
model::Plan make_sheet_plan(std::shared_ptr<const Sheet> sheet, const std::string& file,
                            const TaskOptions& options, Errors& errors);

}  // namespace mpibatch::plan

# A module is one folder, one namespace and one target, and lists what it may use.
add_library(mpibatch_flags INTERFACE)
target_compile_features(mpibatch_flags INTERFACE cxx_std_20)
# GCC 12 takes the other alternatives of a std::variant for uninitialized where it optimizes.
target_compile_options(mpibatch_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> -fno-omit-frame-pointer
  $<$<BOOL:${MPIBATCH_WERROR}>:-Werror>)
if(CMAKE_UNITY_BUILD)
  # Files that are compiled as one see each other's anonymous namespaces; presets without it look closely.
  target_compile_options(mpibatch_flags INTERFACE -Wno-shadow -Wno-subobject-linkage)
endif()
target_include_directories(mpibatch_flags INTERFACE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(mpibatch_flags INTERFACE MPIBATCH_VERSION="${PROJECT_VERSION}")

# mpibatch_module(NAME USES module... LIBRARIES dependency...)
# Every .cpp of the folder belongs to it. What a module uses is public: its contract headers name those types.
function(mpibatch_module name)
  cmake_parse_arguments(arg "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(TRANSFORM arg_USES PREPEND mpibatch_)
  list(TRANSFORM arg_LIBRARIES PREPEND mpibatch_dep_)
  if(sources)
    add_library(mpibatch_${name} STATIC ${sources})
    target_link_libraries(mpibatch_${name} PUBLIC mpibatch_flags ${arg_USES} ${arg_LIBRARIES})
  else()
    add_library(mpibatch_${name} INTERFACE)
    target_link_libraries(mpibatch_${name} INTERFACE mpibatch_flags ${arg_USES} ${arg_LIBRARIES})
  endif()
endfunction()

# Makes each *_test.py and *_test.sh of the current folder a test of ctest. Comment lines in a script's head set its
# properties: `# labels: mpi fault` (default: integration) · `# timeout: 300` seconds (default: 120) · `# serial`
# (nothing runs beside it) · `# lock: NAME` (no two of that name at a time). Exit code 77 means skipped.
# In its environment: MPIBATCH (the program), MPIBATCH_BUILD (the build folder), MPIBATCH_SOURCE (the repository), PATH with
# the job programs, PYTHONPATH with harness.py, MPIRUN and MPICC of the MPI that was found.

# Debian's own interpreter has h5py; another one that stands first on PATH may not.
if(EXISTS /usr/bin/python3)
  set(MPIBATCH_PYTHON /usr/bin/python3)
else()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(MPIBATCH_PYTHON ${Python3_EXECUTABLE})
endif()

function(mpibatch_script_tests)
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  file(GLOB scripts CONFIGURE_DEPENDS *_test.py *_test.sh)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${scripts})
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${folder}_${name})
    set(labels ${folder})
    set(timeout 120)
    set(serial OFF)
    set(lock "")
    file(STRINGS ${script} head LIMIT_INPUT 2000 REGEX "^# (labels:|timeout:|lock:|serial$)")
    foreach(line ${head})
      if(line MATCHES "^# labels: *(.+)$")
        string(REPLACE " " ";" labels "${CMAKE_MATCH_1}")
      elseif(line MATCHES "^# timeout: *([0-9]+)$")
        set(timeout ${CMAKE_MATCH_1})
      elseif(line MATCHES "^# lock: *(.+)$")
        set(lock ${CMAKE_MATCH_1})
      elseif(line STREQUAL "# serial")
        set(serial ON)
      else()
        message(FATAL_ERROR "${script}: '${line}' is no property of a test")
      endif()
    endforeach()
    set(interpreter ${MPIBATCH_PYTHON} -B)
    if(script MATCHES "\\.sh$")
      set(interpreter bash)
    endif()
    add_test(NAME ${name} COMMAND ${interpreter} ${script})
    set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout} RUN_SERIAL ${serial}
      SKIP_RETURN_CODE 77
      ENVIRONMENT "MPIBATCH=$<TARGET_FILE:mpibatch>;MPIBATCH_BUILD=${CMAKE_BINARY_DIR};MPIBATCH_SOURCE=${PROJECT_SOURCE_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/integration;MPIRUN=${MPIEXEC_EXECUTABLE};MPICC=${MPI_C_COMPILER}"
      ENVIRONMENT_MODIFICATION "PATH=path_list_prepend:${CMAKE_BINARY_DIR}/bin")
    if(lock)
      set_tests_properties(${name} PROPERTIES RESOURCE_LOCK ${lock})
    endif()
  endforeach()
endfunction()

# The sources of a folder compiled as one: what they include is read once instead of once a source.
option(MOESCOPE_UNITY "Compile the sources of a folder together: a faster whole build, a slower rebuild after a change" ON)

set(moescope_unity_most 12)  # sources at a time, so that two cores find work and one compiler does not need gigabytes

# moescope_unity(TARGET [SOURCE_OF_ITS_OWN...]): files that other sources of their folder cannot be compiled with are named.
function(moescope_unity target)
  if(NOT MOESCOPE_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  get_target_property(base ${target} SOURCE_DIR)
  foreach(source IN LISTS sources)
    if(NOT source MATCHES "\\.cpp$")
      continue()
    endif()
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${base}" OUTPUT_VARIABLE path)
    cmake_path(RELATIVE_PATH path BASE_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE name)
    if(name IN_LIST ARGN)
      continue()
    endif()
    cmake_path(GET name PARENT_PATH folder)
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    list(APPEND in_${folder} "${source}")
    list(LENGTH in_${folder} count)
    math(EXPR part "(${count} - 1) / ${moescope_unity_most}")
    set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} PROPERTY UNITY_GROUP "${folder}_${part}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # GCC takes what an included source has in its unnamed namespace for a header's.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

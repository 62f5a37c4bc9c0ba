# Compiler settings that every target shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Lets ccache share results between checkouts and through precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${CCACHE_PROGRAM}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

add_library(moescope_options INTERFACE)
# Structs have default member values on purpose. nvcc hands its host compiler the list.
set(moescope_warnings -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlapping copies in std::string concatenation that are not there (GCC bug 105651), and takes the size
  # of an inlined std::string or std::vector for another one's, so that writing or reading it looks out of bounds.
  list(APPEND moescope_warnings -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13
   AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  # GCC 13 takes a reference to a static object for one into the function's argument (GCC bug 107532),
  # and std::vector::insert of a range for a write out of bounds.
  list(APPEND moescope_warnings -Wno-dangling-reference -Wno-stringop-overflow)
endif()
if(MOESCOPE_WERROR)
  list(APPEND moescope_warnings -Werror)
endif()
string(REPLACE ";" "," moescope_nvcc_warnings "${moescope_warnings}")
target_compile_options(moescope_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${moescope_warnings}>"
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${moescope_nvcc_warnings}>")
if(MOESCOPE_SANITIZE)
  target_compile_options(moescope_options INTERFACE
    -fsanitize=${MOESCOPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(moescope_options INTERFACE -fsanitize=${MOESCOPE_SANITIZE})
endif()

# The folders of the house include one way only: rooms.txt says who may include whom. What is not there fails the build.
set(rooms "${CMAKE_SOURCE_DIR}/core" "${CMAKE_SOURCE_DIR}/gpu" "${CMAKE_SOURCE_DIR}/views" "${CMAKE_SOURCE_DIR}/app")
set(patterns)
foreach(room IN LISTS rooms)
  list(APPEND patterns "${room}/*.h" "${room}/*.cpp" "${room}/*.cu" "${room}/*.cuh")
endforeach()
file(GLOB_RECURSE room_sources CONFIGURE_DEPENDS ${patterns})
set(includes_checked "${CMAKE_BINARY_DIR}/includes_checked")
add_custom_command(
  OUTPUT "${includes_checked}"
  COMMAND ${CMAKE_COMMAND} "-DROOT=${CMAKE_SOURCE_DIR}" -P "${CMAKE_SOURCE_DIR}/cmake/check_includes.cmake"
  COMMAND ${CMAKE_COMMAND} -E touch "${includes_checked}"
  DEPENDS ${room_sources} "${CMAKE_SOURCE_DIR}/cmake/rooms.txt" "${CMAKE_SOURCE_DIR}/cmake/check_includes.cmake"
  COMMENT "Checking who includes whom" VERBATIM)
add_custom_target(check_includes DEPENDS "${includes_checked}")

# The rooms of the house include one way only: app -> views -> core, gpu -> core.
# `core` and `gpu` know no Qt; `views` never sees `gpu`. A forbidden include fails the build.
function(moescope_forbid_includes room pattern reason)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
       "${CMAKE_SOURCE_DIR}/${room}/*.h" "${CMAKE_SOURCE_DIR}/${room}/*.cpp")
  add_custom_target(check_includes_${room} ALL
    COMMAND ${CMAKE_COMMAND} -DROOM=${room} "-DPATTERN=${pattern}" "-DREASON=${reason}"
            -DROOT=${CMAKE_SOURCE_DIR} -P "${CMAKE_SOURCE_DIR}/cmake/check_includes.cmake"
    DEPENDS ${sources} VERBATIM)
endfunction()

moescope_forbid_includes(core "[<\"](Q[A-Za-z]|qcustomplot|app/|views/|gpu/)" "core is free of Qt and of other rooms")
moescope_forbid_includes(gpu "[<\"](Q[A-Za-z]|qcustomplot|app/|views/)" "gpu is free of Qt and sees core only")
moescope_forbid_includes(views "[<\"](app/|gpu/)" "views see core only")

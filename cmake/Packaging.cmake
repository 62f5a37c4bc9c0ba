# `./dev package`: a .deb and a .tar.gz of what `cmake --install` puts in place; dpkg-shlibdeps finds the libraries that
# the .deb depends on.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME moescope)
set(CPACK_PACKAGE_VENDOR "MoEscope")
set(CPACK_PACKAGE_CONTACT "MoEscope founders <founders@moescope.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
    "Opens traces of Mixture-of-Experts models from the PyTorch profiler and Nsight Systems, shows how much
communication is hidden behind compute and which SMs it holds, and plans the placement of experts.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Opened at run time, so that the linker does not see them.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "fonts-dejavu-core")
# Packing builds neither tests nor benches.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
include(CPack)

# One relocatable directory: bin/, lib/ with every library that a host may lack, share/batchwright/.
#
#   cmake --install BUILD --prefix DIR                     for the CPU
#   cmake --install BUILD --prefix DIR --component cuda    besides, the part for GPUs and its 3.4 GB of libraries
#
# Run paths are relative to the files ($ORIGIN). LibTorch and NVIDIA's libraries keep the places that they have in
# their wheels, lib/torch/lib and lib/nvidia/*/lib, for their own run paths lead from one to another.
set(_programs batchwright)
set_target_properties(batchwright PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
# A run path of the old kind is also that of the libraries' libraries.
target_link_options(batchwright PRIVATE -Wl,--disable-new-dtags)
if(TARGET batchwright-trainer)
    list(APPEND _programs batchwright-trainer)
    set_target_properties(batchwright-trainer PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/torch/lib:$ORIGIN/../lib")
endif()
install(TARGETS ${_programs} RUNTIME DESTINATION bin)
if(TARGET batchwright_mpi)
    # Open MPI must be the one of mpirun: it stays the host's.
    set_target_properties(batchwright_mpi PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS batchwright_mpi LIBRARY DESTINATION lib)
endif()
install(DIRECTORY deploy sweeps/examples DESTINATION share/batchwright USE_SOURCE_PERMISSIONS)
install(FILES LICENSE README.md DESTINATION share/batchwright)
install(DIRECTORY docs DESTINATION share/batchwright)

# bw_install_libraries(TARGETS target... [OPENED file...] [COMPONENT name]): what install_libraries.cmake
# finds for them at install time.
function(bw_install_libraries)
    cmake_parse_arguments(ARG "" "COMPONENT" "TARGETS;OPENED" ${ARGN})
    set(files "")
    foreach(target IN LISTS ARG_TARGETS)
        list(APPEND files $<TARGET_FILE:${target}>)
    endforeach()
    set(component "")
    if(ARG_COMPONENT)
        set(component COMPONENT ${ARG_COMPONENT} EXCLUDE_FROM_ALL)
    endif()
    install(CODE "
        set(files \"${files}\")
        set(opened \"${ARG_OPENED}\")
        set(torch_dir \"${BW_TORCH_DIR}\")
        include(\"${PROJECT_SOURCE_DIR}/cmake/install_libraries.cmake\")" ${component})
endfunction()

set(BW_TORCH_DIR "")
if(LibTorch_FOUND)
    get_filename_component(BW_TORCH_DIR ${LibTorch_INCLUDE_DIR} DIRECTORY)
endif()
bw_install_libraries(TARGETS ${_programs})

if(TARGET batchwright_cuda)
    file(GLOB _nvidia_folders RELATIVE ${LibTorch_NVIDIA_DIR} ${LibTorch_NVIDIA_DIR}/*/lib)
    list(TRANSFORM _nvidia_folders PREPEND "$ORIGIN/nvidia/")
    list(JOIN _nvidia_folders ":" _nvidia_folders)
    set_target_properties(batchwright_cuda PROPERTIES INSTALL_RPATH "$ORIGIN/torch/lib:${_nvidia_folders}:$ORIGIN")
    install(TARGETS batchwright_cuda LIBRARY DESTINATION lib COMPONENT cuda EXCLUDE_FROM_ALL)
    # No library is linked to these: they are opened by name when first needed, as many of NVIDIA's.
    file(GLOB _opened ${BW_TORCH_DIR}/lib/libtorch_cuda_linalg.so ${BW_TORCH_DIR}/lib/libcaffe2_nvrtc.so
        ${LibTorch_NVIDIA_DIR}/*/lib/*.so*)
    bw_install_libraries(TARGETS batchwright_cuda OPENED ${_opened} COMPONENT cuda)
endif()

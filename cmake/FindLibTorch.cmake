# Finds the C++ part of a PyPI `torch` wheel (or an unpacked LibTorch) without the wheel's own CMake
# configuration, which insists on a CUDA toolkit.
#
# Input:   BATCHWRIGHT_TORCH_DIR (variable or environment): the folder that holds include/ and lib/.
# Targets: LibTorch::torch  torch_cpu and c10 only: a trainer that is not linked to torch_cuda starts in
#                           0.26 s and 149 MB instead of 0.45 s and 556 MB.
#          LibTorch::cuda   besides it torch_cuda, c10_cuda, NCCL and the CUDA run time, from the nvidia wheels
#                           beside torch's; only where they are (LibTorch_CUDA_FOUND).
set(_hints ${BATCHWRIGHT_TORCH_DIR} $ENV{BATCHWRIGHT_TORCH_DIR})
if(NOT _hints)
    if(DEFINED ENV{BATCHWRIGHT_CACHE})
        set(_cache $ENV{BATCHWRIGHT_CACHE})
    else()
        set(_cache $ENV{HOME}/.cache/batchwright)
    endif()
    file(GLOB _hints ${_cache}/venv/lib/python3*/site-packages/torch)
endif()

find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/torch.h HINTS ${_hints}
    PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu HINTS ${_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 HINTS ${_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)

if(LibTorch_INCLUDE_DIR)
    set(LibTorch_VERSION "")
    foreach(part MAJOR MINOR PATCH)
        file(STRINGS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h _line REGEX "define TORCH_VERSION_${part} ")
        string(REGEX REPLACE ".* ([0-9]+).*" "\\1" _number "${_line}")
        list(APPEND LibTorch_VERSION ${_number})
    endforeach()
    list(JOIN LibTorch_VERSION "." LibTorch_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
    VERSION_VAR LibTorch_VERSION
    REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "run ./bootstrap build, or set BATCHWRIGHT_TORCH_DIR to a torch package's folder")

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
    get_filename_component(_lib ${LibTorch_CPU_LIBRARY} DIRECTORY)
    add_library(LibTorch::torch INTERFACE IMPORTED)
    target_include_directories(LibTorch::torch SYSTEM INTERFACE ${LibTorch_INCLUDE_DIR}
        ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include)
    target_compile_definitions(LibTorch::torch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO USE_RPC USE_TENSORPIPE)
    target_link_libraries(LibTorch::torch INTERFACE ${LibTorch_CPU_LIBRARY} ${LibTorch_C10_LIBRARY})
    # A run path of the old kind wins over LD_LIBRARY_PATH, where some other torch may stand.
    target_link_options(LibTorch::torch INTERFACE -Wl,--disable-new-dtags)
endif()

# ---- the CUDA part

set(LibTorch_CUDA_FOUND FALSE)
if(LibTorch_FOUND)
    get_filename_component(_site ${LibTorch_INCLUDE_DIR}/../.. ABSOLUTE)
    set(LibTorch_NVIDIA_DIR ${_site}/nvidia CACHE PATH "Folder of the nvidia wheels, beside torch's")
    file(GLOB _nvidia_includes ${LibTorch_NVIDIA_DIR}/*/include)
    file(GLOB _nvidia_libs ${LibTorch_NVIDIA_DIR}/*/lib)
    find_library(LibTorch_CUDA_LIBRARY torch_cuda HINTS ${_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
    find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda HINTS ${_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
    # The wheels carry libraries with a version in their names only.
    find_file(LibTorch_CUDART_LIBRARY NAMES libcudart.so.13 libcudart.so.12 PATHS ${_nvidia_libs} NO_DEFAULT_PATH)
    find_file(LibTorch_NCCL_LIBRARY libnccl.so.2 PATHS ${_nvidia_libs} NO_DEFAULT_PATH)
    # Of CUDA's headers these two come in wheels that torch itself does not ask for, or may come from elsewhere.
    find_path(LibTorch_CRT_INCLUDE_DIR crt/host_defines.h PATHS ${_nvidia_includes} NO_DEFAULT_PATH)
    find_path(LibTorch_NCCL_INCLUDE_DIR nccl.h PATHS ${_nvidia_includes} NO_DEFAULT_PATH)
    set(_missing "")
    foreach(part CUDA_LIBRARY C10_CUDA_LIBRARY CUDART_LIBRARY NCCL_LIBRARY CRT_INCLUDE_DIR NCCL_INCLUDE_DIR)
        if(NOT LibTorch_${part})
            list(APPEND _missing ${part})
        endif()
    endforeach()
    if(NOT _missing)
        set(LibTorch_CUDA_FOUND TRUE)
    endif()
endif()

if(LibTorch_CUDA_FOUND AND NOT TARGET LibTorch::cuda)
    add_library(LibTorch::cuda INTERFACE IMPORTED)
    target_include_directories(LibTorch::cuda SYSTEM INTERFACE ${_nvidia_includes})
    target_compile_definitions(LibTorch::cuda INTERFACE USE_C10D_NCCL)
    target_link_libraries(LibTorch::cuda INTERFACE LibTorch::torch ${LibTorch_CUDA_LIBRARY}
        ${LibTorch_C10_CUDA_LIBRARY} ${LibTorch_CUDART_LIBRARY} ${LibTorch_NCCL_LIBRARY})
endif()

# Compiler, linker and cache settings shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

find_program(BW_CCACHE ccache)
if(BW_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
        CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${BW_CCACHE})
endif()
find_program(BW_MOLD mold)
if(BW_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

# One LibTorch translation unit takes a minute and a gigabyte; never two at a time on a small machine.
set_property(GLOBAL PROPERTY JOB_POOLS torch=1)

if(BW_SANITIZE)
    add_compile_options(-fsanitize=${BW_SANITIZE} -fno-omit-frame-pointer -g)
    add_link_options(-fsanitize=${BW_SANITIZE})
endif()

# bw_library(NAME [DEPS target...] [PRIVATE_DEPS target...]): a static library of the *.cc files in this folder.
# bw_tests(NAME LABEL label [DEPS target...] [TORCH]): one GoogleTest program of the *_test.cc files in this folder.
set(BW_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
    -Wnon-virtual-dtor -Wswitch-enum
    # g++ 12 reports string concatenation and moved variants falsely (GCC bugs 105651, 105762)
    -Wno-restrict -Wno-stringop-overflow)
if(BW_WERROR)
    list(APPEND BW_WARNINGS -Werror)
endif()

function(bw_own_code target)
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
    target_compile_options(${target} PRIVATE ${BW_WARNINGS})
endfunction()

function(bw_library name)
    cmake_parse_arguments(ARG "" "" "DEPS;PRIVATE_DEPS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
    list(FILTER sources EXCLUDE REGEX "main\\.cc$")
    if(sources)
        add_library(${name} STATIC ${sources})
        bw_own_code(${name})
        target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
    else()
        add_library(${name} INTERFACE)
        target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
        target_link_libraries(${name} INTERFACE ${ARG_DEPS})
    endif()
endfunction()

# LibTorch headers are SYSTEM, so that the warnings stay ours; unity builds parse them once, not eight times.
function(bw_torch_code target)
    target_link_libraries(${target} PUBLIC LibTorch::torch)
    set_target_properties(${target} PROPERTIES JOB_POOL_COMPILE torch)
endfunction()

function(bw_tests name)
    cmake_parse_arguments(ARG "TORCH" "LABEL" "DEPS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc
        ${CMAKE_CURRENT_SOURCE_DIR}/*_fixture.cc)
    if(NOT sources)
        return()
    endif()
    add_executable(${name} ${sources})
    bw_own_code(${name})
    target_compile_options(${name} PRIVATE -Wno-sign-conversion -Wno-conversion)
    target_compile_definitions(${name} PRIVATE BW_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data"
        BW_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared" BW_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
    if(ARG_TORCH)
        bw_torch_code(${name})
    endif()
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
        PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
endfunction()

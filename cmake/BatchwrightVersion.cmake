# The commit is read at configure time; `batchwright version --json` and results.json name it.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} describe --always --dirty --abbrev=12
    OUTPUT_VARIABLE BW_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT BW_COMMIT)
    set(BW_COMMIT unknown)
endif()
if(NOT LibTorch_VERSION)
    set(LibTorch_VERSION none)
endif()
configure_file(${PROJECT_SOURCE_DIR}/base/version.cc.in ${PROJECT_BINARY_DIR}/generated/version.cc @ONLY)

# For ports that are built by cmake: USER_C_MODULES names this file.
add_library(usermod_smets_p256 INTERFACE)
target_sources(usermod_smets_p256 INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/smets_p256.c
    ${CMAKE_CURRENT_LIST_DIR}/p256.c
)
target_include_directories(usermod_smets_p256 INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_smets_p256)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/p256.c PROPERTIES COMPILE_OPTIONS -O2)

# SPDX-License-Identifier: MIT
# For tests in Python that start shopd: shop_add_python_test(NAME SCRIPT arguments…).
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

# How much longer a build with sanitizers may take.
set(SHOP_TEST_SLOW 1)
if(SHOP_SANITIZE STREQUAL "thread")
    set(SHOP_TEST_SLOW 10)
elseif(SHOP_SANITIZE)
    set(SHOP_TEST_SLOW 5)
endif()
math(EXPR SHOP_PYTHON_TIMEOUT "120 * ${SHOP_TEST_SLOW}")

function(shop_add_python_test name database script)
    shop_add_test(${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${ARGN} TIMEOUT ${SHOP_PYTHON_TIMEOUT}
                  ENVIRONMENT "SHOPD=$<TARGET_FILE:shopd>;SHOP_TEST_SLOW=${SHOP_TEST_SLOW};SHOP_TEST_DATABASE=${database}"
                              "PYTHONDONTWRITEBYTECODE=1")
endfunction()

# Runs the test functions of one module on MicroPython and prints one line for each event.
# Unix port: micropython run_device_tests.py MODULE [NAME...]; on a board: run("MODULE").
import gc
import sys

from testkit import Skip


def run(module_name, names=None):
    """Run the functions `names` of a module, or all its tests in name order; return the failures.

    Lines: RUN name, PASS name, FAIL name (after TRACEBACK name .. END name), SKIP name: reason,
    HEAP name free=.. used=.. (octets after a collection), DONE passed=.. failed=.. skipped=..
    """
    if hasattr(gc, "threshold"):
        # As firmware/main.py does, so that lasting objects do not lie scattered over the heap.
        gc.threshold((gc.mem_free() + gc.mem_alloc()) // 16)
    module = __import__(module_name)
    passed = failed = skipped = 0
    for name in names or sorted(n for n in dir(module) if n.startswith("test_")):
        gc.collect()
        print("RUN", name)
        try:
            getattr(module, name)()
            passed += 1
            print("PASS", name)
        except Skip as reason:
            skipped += 1
            print("SKIP %s: %s" % (name, reason))
        except (Exception, SystemExit) as error:
            gc.collect()
            failed += 1
            print("TRACEBACK", name)
            sys.print_exception(error)
            print("END", name)
            print("FAIL", name)
        gc.collect()
        print("HEAP", name, "free=%d used=%d" % (gc.mem_free(), gc.mem_alloc()))
    print("DONE passed=%d failed=%d skipped=%d" % (passed, failed, skipped))
    return failed


if __name__ == "__main__" and len(sys.argv) > 1:
    sys.exit(1 if run(sys.argv[1], sys.argv[2:]) else 0)

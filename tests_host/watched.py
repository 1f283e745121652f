"""pytest plugin: which tests coverage watches.

Watching costs more time than most tests themselves. Coverage looks away where a test only repeats
what it has seen: from the parameter sets of a function when several in a row have brought no new
line, and from the long tests below, which try many values where shorter tests reach the lines.
Each of these runs all the same.
"""

from collections import Counter
from collections.abc import Generator
from importlib.machinery import SourceFileLoader
from threading import current_thread, main_thread
from types import ModuleType

import pytest

ENOUGH = 3  # parameter sets in a row without a new line of code
# Files without tests_host/ and functions; no other test of a file may share a function's name.
# A file without functions: all of it.
LONG = {
    "boards/test_flash.py": ("test_the_line_may_be_cut_at_every_step",),
    "conform/test_signing.py": ("test_every_changed_octet_is_told",),
    "firmware/test_display.py": (
        "test_change_of_tenancy_clears_both_fuels",
        "test_history_arrives_and_stays_whole",
        "test_lossy_air_converges",
    ),
    "firmware/test_history_symmetry.py": (),
    "firmware/test_living_gas_logs.py": (),
    "firmware/test_living_logs.py": (),
    "firmware/test_living_registers.py": (),
    "firmware/test_prepayment_cut.py": ("test_power_cut_at_every_record",),
    "firmware/test_ring.py": ("test_f38_no_cut_tears_an_entry",),
    "firmware/test_screen_any.py": ("test_any_view_fits",),
    "firmware/test_screen_golden.py": ("test_every_screen_is_as_stored",),
    "firmware/test_session_oracle.py": (
        "test_any_payload_with_a_right_mac",
        "test_every_flipped_bit_gets_no_response_and_changes_nothing",
        "test_every_flipped_bit_of_a_payload_with_a_right_mac",
    ),
    "firmware/test_tenancy_model.py": (),
    "firmware/test_voltage_accuracy.py": (
        "test_a_hundred_days_of_half_hours",
        "test_any_readings",
        "test_any_samples",
    ),
    "firmware/test_voltage_model.py": (),
    "firmware/test_voltage_period.py": (),
    "firmware/test_voltage_steady.py": ("test_whatever_happens_both_meters_tell_the_same",),
    "mmc/test_documents.py": ("test_octets_changed_anywhere_raise_nothing",),
    "tools/test_decoder_truth.py": ("test_every_octet_of_a_message_may_be_anything",),
    "tools/test_han_frame.py": ("test_any_text_parses_or_raises_frame_error",),
    "tools/test_screen_report.py": (
        "test_the_command_compares_reports_and_accepts",
        "test_the_readme_shows_what_is_drawn",
    ),
    "tools/test_vectors.py": (),
}


class Watch:
    """Looks on, through coverage's controller in pytest, until a function shows nothing new."""

    def __init__(self, controller: object) -> None:
        self.controller = controller
        self.repeated: Counter[str] = Counter()  # parameter sets in a row without a new line

    def watch_imports(self) -> None:
        """Watch a module that is imported where coverage looks away: that happens only once."""
        execute = SourceFileLoader.exec_module

        def exec_module(loader: SourceFileLoader, module: ModuleType) -> None:
            if self.controller.started or current_thread() is not main_thread():
                execute(loader, module)
                return
            self.controller.resume()
            try:
                execute(loader, module)
            finally:
                self.controller.pause()

        SourceFileLoader.exec_module = exec_module

    def lines(self) -> int:
        """Lines of code that coverage has seen in this process. It has no public count of them."""
        return sum(map(len, self.controller.cov._collector.data.values()))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Mark a test that shall not be watched, and see what one that is has brought."""
        function = item.nodeid.partition("[")[0]
        if self.repeated[function] >= ENOUGH:
            item.add_marker(pytest.mark.no_cover)
            return (yield)
        before = self.lines()
        result = yield
        self.repeated[function] = self.repeated[function] + 1 if self.lines() == before else 0
        return result


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """End what pytest-cov 7 begins in a worker of xdist before it knows that it is one.

    Its own coverage begins after that. Both together would watch each line twice, and one of them
    would never look away.
    """
    plugin = session.config.pluginmanager.getplugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    if controller and hasattr(session.config, "workerinput"):
        controller.cov.stop()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look on where coverage does, which by now has begun."""
    plugins = session.config.pluginmanager
    controller = getattr(plugins.getplugin("_cov"), "cov_controller", None)
    collector = getattr(getattr(controller, "cov", None), "_collector", None)
    if hasattr(collector, "data"):
        watch = Watch(controller)
        watch.watch_imports()
        plugins.register(watch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long tests."""
    for item in items:
        path, *_, function = item.nodeid.partition("[")[0].split("::")
        long = LONG.get(path.removeprefix("tests_host/"))
        if long is not None and (not long or function in long):
            item.add_marker(pytest.mark.no_cover)

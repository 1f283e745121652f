"""Every idea of the three lists has labelled tests on both engines; docs/ideas.md is true."""

import re

import ideas


def test_every_idea_has_its_tests():
    """Each number of each list, none beyond its end."""
    found = ideas.collect()
    for name, _, _, count in ideas.LISTS:
        assert sorted(found[name]) == list(range(1, count + 1)), name


def test_every_test_has_a_label():
    """Its docstring begins with the evidence: rtds, spec or project-choice."""
    tests = {
        test for numbers in ideas.collect().values() for of in numbers.values() for test in of
    }
    assert len(tests) > 250
    bare = sorted(f"{test.file}::{test.name}" for test in tests if test.label not in ideas.LABELS)
    assert not bare


def test_ideas_run_on_both_engines():
    """An idea that CPython alone runs has its reason in `CPYTHON_ONLY`, and no other has one."""
    alone = {
        (name, number)
        for name, numbers in ideas.collect().items()
        for number, tests in numbers.items()
        if not any(test.both_engines for test in tests)
    }
    assert alone == set(ideas.CPYTHON_ONLY)


def test_the_page_is_true():
    """A row for each number in order, and each named test exists and carries it.

    A test that came since may wait until `python tests_host/ideas.py` writes the page again.
    """
    found = ideas.collect()
    _, *parts = ideas.PAGE.read_text(encoding="utf-8").split("\n## ")
    assert len(parts) == len(ideas.LISTS)
    for (name, title, _, count), part in zip(ideas.LISTS, parts, strict=True):
        assert part.startswith(title + "\n")
        rows = re.findall(r"^\| (\d+) \| (.*?) \| (.*) \|$", part, re.MULTILINE)
        assert [int(number) for number, *_ in rows] == list(range(1, count + 1)), name
        for number, _, cells in rows:
            named = re.findall(r"`(test_\w+::test_\w+)`", cells)
            exist = {f"{test.file}::{test.name}" for test in found[name][int(number)]}
            assert named and set(named) <= exist, f"{name} {number}: {set(named) - exist}"

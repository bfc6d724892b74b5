"""`importcut.cmd` as far as it can be known without Windows: its shape, and the Python in it, which runs here."""

import re

import pytest


@pytest.fixture(scope="module")
def script(repository):
    return (repository / "importcut.cmd").read_bytes()


@pytest.fixture(scope="module")
def lines(script):
    return script.decode("ascii").splitlines()


def test_it_is_plain_ascii_with_the_line_ends_that_cmd_needs_on_every_checkout(script, repository):
    script.decode("ascii")
    assert script.count(b"\n") == script.count(b"\r\n") and script.endswith(b"\r\n")
    assert "*.cmd text eol=crlf" in (repository / ".gitattributes").read_text().splitlines()


def test_it_works_from_any_folder_with_any_letters_and_blanks(lines):
    assert {"chcp 65001 >nul", 'set "PYTHONUTF8=1"', 'set "HERE=%~dp0"'} <= {*lines}
    assert [line for line in lines if re.search("%HERE%|%VPY%", re.sub('"[^"]*"', "", line))] == [], "outside quotes"
    assert [line for line in lines if line.rstrip().endswith("(")] == [], "a folder (2026) would end such a block"
    assert [line for line in lines if re.search(r"^\s*(cd|pushd)\b", line)] == [], "arguments mean the caller's folder"


def test_every_jump_has_a_place_to_land(lines):
    there = {line[1:] for line in lines if line.startswith(":")}
    jumps = set(re.findall(r"(?:goto |call :)(\w+)", "\n".join(lines)))
    assert jumps == there


def test_a_window_that_a_double_click_opened_stays_open_on_an_error(lines):
    failed = lines[lines.index(":failed") :]
    assert failed[2:] == ['if "%~1"=="" pause', "exit /b 1"]


def test_it_builds_what_the_makefile_builds_by_a_python_outside_it(lines, repository):
    assert "\t@$(PYTHON) environment.py" in (repository / "Makefile").read_text(encoding="utf-8").splitlines()
    assert lines.count('"%VPY%" "%HERE%environment.py" --check') == 1, "looks with the Python inside"
    assert lines.count('%PYTHON% "%HERE%environment.py"') == 1, "Windows moves no folder whose Python runs"
    assert "sys.version_info < (3, 11)" in "\n".join(lines)

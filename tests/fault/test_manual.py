#!/usr/bin/env python3
"""The manual page and --help name the same commands, options and exit codes."""
import re

from exeat_run import SOURCE, check, exeat

COMMANDS = ("inspect", "capture", "report", "register", "geo", "doctor")
ACTIONS = ("register learn", "register explain")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
SHORT = re.compile(r"(?<![\w-])-[a-z](?![\w-])")


def manual():
    text = (SOURCE / "cmd" / "exeat.8").read_text(encoding="utf-8")
    return text.replace("\\-", "-")


def section(command):
    """What the page says below the heading of that command, `exeat register check` for register."""
    found = re.search(rf'^\.SS exeat {command}\b.*?\n(.*?)(?=^\.S[SH])', manual(), re.M | re.S)
    check(found, f"the page has no section on {command}")
    return found.group(1)


def case_options(work):
    """every option of --help stands in the section of its command, and the other way round"""
    del work
    for command in COMMANDS + ACTIONS:
        shown = exeat(*command.split(), "--help").expect(0).out
        for pattern in (OPTION, SHORT):
            helped, written = set(pattern.findall(shown)), set(pattern.findall(section(command)))
            check(helped == written, f"{command}: {helped ^ written} stands in one of the two only")


def case_options_exist(work):
    """every option of the page is one that the program takes"""
    for command in ("inspect", "capture", "report") + ACTIONS:
        for option in set(OPTION.findall(section(command))):
            result = exeat(*command.split(), option, work / "absent", "--help")
            check("unrecognized" not in result.err, f"{command} {option} is refused")


def case_commands(work):
    """every command of the program has a section, and every section is a command"""
    del work
    shown = set(re.findall(r"^  ([a-z]+) ", exeat("--help").expect(0).out, re.M))
    written = set(re.findall(r"^\.SS exeat ([a-z]+)", manual(), re.M))
    check(shown == written == set(COMMANDS), f"{shown ^ written} stands in one of the two only")


def case_exit_codes(work):
    """the exit codes of the page, of --help and of the README are the same"""
    del work
    status = manual().split(".SH EXIT STATUS")[1].split(".SH ")[0]
    written = set(re.findall(r"^\.B (\d)$", status, re.M))
    shown = set(re.findall(r"\b(\d) [a-z]", exeat("--help").out.split("exit codes:")[1]))
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (\d) \|", readme, re.M))
    check(written == shown == listed, f"page {written}, --help {shown}, README {listed}")


def case_version(work):
    """the page is of the version that the program says"""
    del work
    version = exeat("--version").expect(0).out.strip()
    check(f'"{version}"' in manual(), f"the page does not say {version}")


def case_files(work):
    """the page names every file that a run writes"""
    from exeat_run import REPORTS
    del work
    for name in (*REPORTS, "exeat.db", "exeat.key"):
        check(name in manual(), f"{name} is not named")


if __name__ == "__main__":
    from exeat_run import main
    main()

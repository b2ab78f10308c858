"""exeat_run: runs the real program as a user would, in a temporary folder, and holds what it wrote
against what every run promises: a known exit code, plain sentences, whole files, nobody's number.

A test script defines functions case_…(work), each with one line that says what it proves, and ends
with main(). What main() prints is counted by sum_tests.py.
"""
import csv
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SKIPPED = 77
MIB = 1 << 20
EXEAT = os.path.abspath(os.environ["EXEAT"])
SOURCE = pathlib.Path(os.environ["EXEAT_SOURCE_ROOT"])
SANITIZED = os.environ.get("EXEAT_SANITIZE", "none") != "none"
REGISTER = SOURCE / "fixtures" / "clinic-day" / "register"
EXIT_CODES = (0, 1, 2, 3, 4, 5, 6)
REPORTS = ("summary.csv", "flags.csv", "flows.jsonl", "report.html", "run.json",
           "draft/programs.csv", "draft/destinations.csv")

# Of nobody: they satisfy the check digits. Every output of every run is searched for them.
MEDICARE, MEDICARE_SPACED = "2123456701", "2123 45670 1"
MEDICARE_OTHER = "29518731251"
IHI = "8003608833357361"
SURNAME = "Quockerwodger"
SECRETS = (MEDICARE, MEDICARE_SPACED, MEDICARE_OTHER, IHI, SURNAME)
# 256 MiB is the promise; the sanitizers' shadow and quarantine are not counted.
MEMORY_BYTES = 256 * MIB


class Failed(Exception):
    """What did not hold, in one line."""


class Skipped(Exception):
    """Why a case cannot run here, in one line."""


def check(holds, message):
    if not holds:
        raise Failed(message)


class Result:
    """Of one run: exit code, what stood on the terminal, folder, highest memory, and seconds: by
    the clock and of processor time, which does not depend on what else the machine does."""

    def __init__(self, code, out, err, folder, seconds=0, usage=None):
        self.code, self.out, self.err, self.folder = code, out, err, folder
        self.seconds = seconds
        self.processor_seconds = usage.ru_utime + usage.ru_stime if usage else 0
        self.peak_bytes = usage.ru_maxrss * 1024 if usage else 0

    def flows(self):
        with open(self.folder / "flows.jsonl", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def rows(self, name):
        with open(self.folder / name, encoding="utf-8", newline="") as table:
            return list(csv.DictReader(table, strict=True))

    def flags(self):
        return {row["flag"] for row in self.rows("flags.csv")}

    def run_facts(self):
        return json.loads((self.folder / "run.json").read_text(encoding="utf-8"))

    def expect(self, *codes):
        check(self.code in codes, f"exit code {self.code}, expected {codes}: {self.err[-600:]!r}")
        return self

    def sentence(self, *words):
        """Standard error holds a sentence with all these words, each line is one of ours."""
        lines = self.err.strip().splitlines()
        check(lines, "nothing on standard error")
        for line in lines:
            check(line.startswith("exeat: "), f"not one of our sentences: {line!r}")
        for word in words:
            check(word.lower() in self.err.lower(), f"{word!r} is not said: {self.err!r}")
        return self

    def one_sentence(self, *words):
        self.sentence(*words)
        check(len(self.err.strip().splitlines()) == 1, f"more than one sentence: {self.err!r}")
        return self


def search_for_secrets(name, data):
    """Also without the spaces and hyphens that a number can be written with."""
    tight = data.translate(None, b" -").lower()
    for secret in SECRETS:
        for form in (secret.encode(), secret.encode("utf-16-le")):
            check(form.lower() not in data.lower() and form.replace(b" ", b"").lower() not in tight,
                  f"{name} holds a patient's number or name")


def check_private(result):
    search_for_secrets("standard output", result.out.encode(errors="surrogateescape"))
    search_for_secrets("standard error", result.err.encode(errors="surrogateescape"))
    if result.folder and result.folder.is_dir():
        for path in result.folder.rglob("*"):
            if path.is_file():
                search_for_secrets(path.name, path.read_bytes())


def check_whole(folder):
    """Every report that stands there can be read to its end, and nothing unfinished is left."""
    for path in folder.rglob("*"):
        check(not (path.name.startswith(".") and path.name.endswith(".tmp")),
              f"the temporary file {path.name} is left")
        check(not path.name.endswith("-journal"), f"{path.name} is left")
    for name in REPORTS:
        path = folder / name
        check(path.is_file(), f"{name} is missing")
        check(path.stat().st_mode & 0o077 == 0, f"{name} can be read by others")
        data = path.read_bytes().decode("utf-8")
        if name.endswith(".csv"):
            table = list(csv.reader(io.StringIO(data, newline=""), strict=True))
            check(all(len(row) == len(table[0]) for row in table), f"{name} is ragged")
        elif name.endswith(".jsonl"):
            check(all(isinstance(json.loads(line), dict) for line in data.splitlines()), name)
        elif name.endswith(".json"):
            json.loads(data)
        else:
            check(data.rstrip().endswith("</html>"), f"{name} is cut short")


def snapshot(folder):
    """Names and contents of what an earlier run left, run.json included."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def feed(process, pieces):
    try:
        for piece in pieces:
            process.stdin.write(piece)
        process.stdin.close()
    except (BrokenPipeError, OSError):
        pass


def environment():
    kept = {name: value for name, value in os.environ.items()
            if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH")}
    # The search for leaks starts a process that traces this one, which the sandbox forbids.
    kept["ASAN_OPTIONS"] = ":".join(filter(None, (kept.get("ASAN_OPTIONS"), "detect_leaks=0")))
    return {**kept, "TZ": "UTC", "NO_COLOR": "1", "COLUMNS": "160", "LC_ALL": "C.UTF-8"}


def nothing():
    """Makes subprocess fork: after a vfork the kernel would count this script's own peak memory
    to the program."""


def start(arguments, pieces=None, before=(), preexec=nothing):
    """Starts the program; `before` is a command that runs it, such as setpriv with its options."""
    return subprocess.Popen([*before, EXEAT, *map(str, arguments)], env=environment(),
                            stdin=subprocess.PIPE if pieces is not None else subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=preexec)


def exeat(*arguments, folder=None, pieces=None, seconds=120, before=(), preexec=nothing,
          private=True):
    """Runs to the end. `pieces` goes to its standard input as it is made. Peak memory is that of
    the largest of its processes."""
    began = time.monotonic()
    process = start(arguments, pieces, before, preexec)
    too_long = threading.Timer(seconds, process.kill)
    texts = [b"", b""]

    def read(index, stream):
        texts[index] = stream.read()

    readers = [threading.Thread(target=read, args=(0, process.stdout)),
               threading.Thread(target=read, args=(1, process.stderr))]
    if pieces is not None:
        readers.append(threading.Thread(target=feed, args=(process, pieces)))
    too_long.start()
    for reader in readers:
        reader.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    too_long.cancel()
    for reader in readers:
        reader.join()
    out, err = (text.decode("utf-8", "surrogateescape") for text in texts)
    result = Result(process.returncode, out, err, pathlib.Path(folder) if folder else None, took,
                    usage)
    check(result.code != -9, f"not finished after {seconds} s")
    check(result.code in EXIT_CODES, f"exit code {result.code} is none of ours: {err[-2000:]}")
    check("Sanitizer" not in err and "runtime error" not in err, err[-4000:])
    if private:
        check_private(result)
    return result


def inspect(work, capture, *arguments, name="out", register=None, **how):
    """inspect of bytes (written to a file), of a path, or of pieces through standard input."""
    folder = work / name
    if isinstance(capture, bytes):
        path = work / (name + ".capture")
        path.write_bytes(capture)
        capture = path
    elif not isinstance(capture, (str, pathlib.Path)):
        how["pieces"], capture = capture, "-"
    given = ["--register", register] if register else []
    return exeat("inspect", capture, "--rules", SOURCE / "rules", "--out", folder, *given,
                 *arguments, folder=folder, **how)


def check_memory(result):
    """Under a sanitizer the figure says nothing about the product."""
    if not SANITIZED:
        check(result.peak_bytes <= MEMORY_BYTES,
              f"peak memory {result.peak_bytes // MIB} MiB, more than {MEMORY_BYTES // MIB}")


def run_case(name, case):
    title = " ".join((case.__doc__ or name).split())
    with tempfile.TemporaryDirectory(prefix="exeat-fault-") as folder:
        os.chmod(folder, 0o755)
        began = time.monotonic()
        try:
            case(pathlib.Path(folder))
        except Skipped as reason:
            print(f"SKIP: {reason}")
            return "skipped"
        except Failed as reason:
            print(f"FAILED: {title}\n        {name}: {reason}")
            return "failed"
        except Exception:  # a report that is missing or cannot be parsed
            print(f"FAILED: {title}\n        {name}:\n{traceback.format_exc()}")
            return "failed"
        print(f"ok: {title} ({time.monotonic() - began:.1f} s)", flush=True)
        return "passed"


def main():
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    cases = vars(sys.modules["__main__"]).items()
    ends = [run_case(name, case) for name, case in list(cases)
            if name.startswith("case_") and wanted.search(name)]
    failed, skipped = ends.count("failed"), ends.count("skipped")
    if skipped == len(ends):
        sys.exit(SKIPPED)
    print(f"{ends.count('passed')} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)

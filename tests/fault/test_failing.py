#!/usr/bin/env python3
"""One request to the machine fails: the nth allocation, the nth change of a file, or the process is
killed there. For each n that a small capture reaches the run ends with exit code 6 and one sentence,
and what an earlier run left is whole; or it ends as if nothing had happened, and so it has.

    EXEAT_FAILING=full   every n (an hour or more); without it, so many as take two minutes, spread
                         over all of them

`failing.c` is what is preloaded. A library that ends the process for want of memory is named here,
with the number of its requests that no test covers: never a reason to report what is not so."""
import os
import shutil
import struct

from exeat_run import (REGISTER, REPORTS, SANITIZED, SOURCE, Skipped, check, check_private,
                       check_whole, exeat, snapshot)

SHIM = os.environ["EXEAT_FAILING_SHIM"]
FULL = os.environ.get("EXEAT_FAILING") == "full"
CORPUS = SOURCE / "fixtures" / "corpus" / "inspect"
EARLIER = CORPUS / "daytime"
# Ours are 2,000 and SQLite's 9,000; Hyperscan's and nDPI's, a million each, are alike.
FULL_MOST = 10000
AFTER_EVERY = 8  # a disk or a memory that stays full ends a run sooner than one that has room again
CAPTURES = ("ftp", "tls12", "fhir", "mail", "json_zstd", "mllp_gzip") if FULL else ("ftp",)
CAPTURES = os.environ.get("EXEAT_FAILING_CAPTURES", " ".join(CAPTURES)).split()


# The part of its file name, and how many of its requests are refused in a quick run, at least.
LIBRARIES = {"libsqlite3": 12, "libcrypto": 6, "libcsv": 3, "libstdc++": 4}
# They use memory that they did not get, or give up by abort(): libseccomp in seccomp_load, Hyperscan
# while it compiles patterns, nDPI while it builds its tables, and libgcrypt, which nDPI starts, where
# the C library opens a file for it. All of that is before the first packet, but nDPI's state of a
# conversation, and ends the run in the monitor's words.
DYING = {"libc.so": 6, "libseccomp": 2, "libhs": 4, "libndpi": 4}
# OpenSSL 3.5 (Debian 13) waits for itself for ever when it gets no memory at all: what reports the
# first failure is what was being set up.
WAITING = {("libcrypto", 1, True)}
REPLACED = "some earlier ones are replaced already"
DEAD = "the inspecting process was ended by signal"


def failing(work, what, at, obj="", after=False):
    """The command that runs the program so, and the file that it counts in."""
    counts = work / "counts"
    counts.write_bytes(bytes(16))
    counts.chmod(0o666)
    return ("env", f"LD_PRELOAD={SHIM}", f"FAILING_WHAT={what}", f"FAILING_AT={at}",
            f"FAILING_OBJECT={obj}", f"FAILING_ALL={int(after)}", f"FAILING_COUNT={counts}")


def counted(work):
    return struct.unpack("=QQ", (work / "counts").read_bytes())


def reports(folder):
    """All but the store, whose bytes may differ while its content does not, and the times of the
    run."""
    kept = {name: data for name, data in snapshot(folder).items()
            if not name.startswith("exeat.db")}
    kept["run.json"] = kept.get("run.json", b"").split(b'"wall_seconds"')[0]
    return kept


def run(folder, capture, workers=1, before=()):
    return exeat("inspect", capture, "--rules", SOURCE / "rules", "--register", REGISTER, "--out",
                 folder, "--workers", str(workers), "-q", folder=folder, before=before)


class Runs:
    """The same run again and again, into a folder that holds the reports of an earlier one."""

    def __init__(self, work, capture, workers=1):
        if SANITIZED:
            raise Skipped("a sanitizer has its own allocator")
        self.work, self.capture, self.folder = work, CORPUS / capture, work / "out"
        self.workers = workers
        run(self.folder, EARLIER).expect(1)
        self.kept = work / "kept"
        shutil.copytree(self.folder, self.kept)
        self.before = reports(self.folder)
        run(self.folder, self.capture).expect(1)
        self.whole = reports(self.folder)

    def restore(self):
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)

    def total(self, what, obj=""):
        self.restore()
        run(self.folder, self.capture, self.workers,
            failing(self.work, what, 0, obj)).expect(1)
        asked, _ = counted(self.work)
        check(asked > 0, f"nothing is asked for by {obj or 'anybody'}")
        return asked

    def once(self, what, at, obj="", after=False, dies=False):
        """One run in which it fails; dies: a library may end the process, and say why."""
        self.restore()
        result = run(self.folder, self.capture, self.workers,
                     failing(self.work, what, at, obj, after))
        where = f"{what} {at} of {obj or 'all'}{' and all after' if after else ''}"
        if result.code != 6:
            check(result.code == 1, f"{where}: exit code {result.code}: {result.err!r}")
            check_whole(self.folder)
            check(reports(self.folder) == self.whole or self.tells_of_losses(),
                  f"{where}: other reports, and nothing says that they are not whole")
            return
        lines = result.err.strip().splitlines()
        dies = dies and lines and DEAD in lines[-1]
        check(dies or (len(lines) == 1 and lines[0].startswith("exeat: ") and DEAD not in lines[0]),
              f"{where}: {result.err!r}")
        if REPLACED in result.err:
            self.check_either(where)
        else:
            self.check_earlier(where)

    def tells_of_losses(self):
        with open(self.folder / "run.json", "rb") as file:
            return file.read().split(b'"losses"')[1] != self.whole["run.json"].split(b'"losses"')[1]

    def check_earlier(self, where):
        now = reports(self.folder)
        check(set(now) == set(self.before),
              f"{where}: files came or went: {sorted(set(now) ^ set(self.before))}")
        check(now == self.before, f"{where}: reports of the earlier run have changed")

    def check_either(self, where):
        now = reports(self.folder)
        for name in REPORTS:
            check(now[name] in (self.before[name], self.whole[name]),
                  f"{where}: {name} is neither the earlier one nor the later one")

    def kill(self, at):
        """Killed before the change: each report is the earlier one or the later one, and the next
        run is as if nothing had been."""
        self.restore()
        result = run(self.folder, self.capture, before=failing(self.work, "kill", at))
        _, killed = counted(self.work)
        check(killed == 1 and DEAD in result.expect(6).err, f"kill {at}: {result.err!r}")
        self.check_either(f"kill {at}")
        check_private(result)
        run(self.folder, self.capture).expect(1)
        check_whole(self.folder)
        check(reports(self.folder) == self.whole, f"kill {at}: the next run reports something else")


def spread(total, runs):
    """All of them, or `runs` from the first to the last."""
    runs = FULL_MOST if FULL else runs
    if total <= runs:
        return range(1, total + 1)
    return sorted({1 + n * (total - 1) // (runs - 1) for n in range(runs)})


def sweep(work, what, obj, count, dies=False):
    for capture in CAPTURES:
        folder = work / capture
        folder.mkdir(parents=True)
        runs = Runs(folder, capture)
        for turn, at in enumerate(spread(runs.total(what, obj), count)):
            for after in (False, True) if turn % AFTER_EVERY == 0 else (False,):
                if (obj, at, after) not in WAITING:
                    runs.once(what, at, obj, after, dies)


def case_memory_of_ours(work):
    """no memory for any request of exeat's own code: exit 6 and one sentence, or the same reports"""
    sweep(work, "alloc", "exeat", 24)


def case_memory_of_libraries(work):
    """no memory inside a library: the same"""
    for obj, count in LIBRARIES.items():
        sweep(work / obj, "alloc", obj, count)


def case_memory_of_dying_libraries(work):
    """no memory inside a library that does not ask whether it got it: the same, or it dies: exit 6,
    one sentence of ours at the end, earlier reports unchanged"""
    for obj, count in DYING.items():
        sweep(work / obj, "alloc", obj, count, dies=True)


def case_full_disk(work):
    """no room at any change of any file: exit 6, one sentence, earlier reports unchanged"""
    sweep(work, "write", "", 24)


def case_two_workers(work):
    """with two workers, and a thread that writes to the store: the same, whoever asks first"""
    for what, obj, count in (("alloc", "exeat", 12), ("alloc", "libsqlite3", 6), ("write", "", 12)):
        folder = work / what / (obj or "all")
        folder.mkdir(parents=True)
        runs = Runs(folder, CAPTURES[0], workers=2)
        for at in spread(runs.total(what, obj), count):
            runs.once(what, at, obj)


def case_killed(work):
    """kill -9 before any change of any file: each report is whole, and so is what the next run
    makes"""
    runs = Runs(work, CAPTURES[0])
    for at in spread(runs.total("kill"), 20):
        runs.kill(at)


def commands(out, store):
    """Those beside inspect that write files: name, and arguments."""
    rules = ("--rules", SOURCE / "rules")
    return {"report": ("report", "--store", store, "--register", REGISTER, "--out", out, *rules),
            "learn": ("register", "learn", "--store", store, "--out", out, *rules),
            "template": ("register", "template", out),
            "geo": ("geo", "build", "--from", SOURCE / "fixtures" / "geo.csv", "--out", out)}


def contents(folder):
    """Databases hold the time at which they were made: of them only the length is compared."""
    return {name: len(data) if name.endswith(".mmdb") else data.split(b'"wall_seconds"')[0]
            for name, data in snapshot(folder).items() if not name.startswith("exeat.")}


def refuse_writes(work, name, arguments, count):
    """A file that stands there afterwards is whole."""
    out = work / name
    run_once = lambda before=(): exeat(*arguments, folder=out, before=before)
    run_once(failing(work, "write", 0)).expect(0, 1)
    total, _ = counted(work)
    whole = contents(out)
    for at in spread(total, count):
        shutil.rmtree(out, ignore_errors=True)
        result = run_once(failing(work, "write", at))
        now = contents(out) if out.is_dir() else {}
        where = f"{name}, write {at} of {total}"
        check(all(whole.get(file) == data for file, data in now.items()),
              f"{where}: left {[file for file in now if whole.get(file) != now[file]]}")
        if result.code == 6:
            result.one_sentence()
        else:
            check(result.code in (0, 1) and now == whole, f"{where}: exit code {result.code}")


def case_full_disk_elsewhere(work):
    """the other commands that write: exit 6 and one sentence, nothing half-written is left"""
    if SANITIZED:
        raise Skipped("a sanitizer has its own allocator")
    run(work / "store", CORPUS / CAPTURES[0]).expect(1)
    for name, arguments in commands(work / "out", work / "store" / "exeat.db").items():
        folder = work / name
        folder.mkdir()
        refuse_writes(folder, name, [folder / name if one == work / "out" else one
                                     for one in arguments], 12)


if __name__ == "__main__":
    from exeat_run import main
    main()

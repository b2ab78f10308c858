"""disk: a file system with little room, for tests of what happens when it is full. Needs root."""
import subprocess

from exeat_run import Skipped


class Disk:
    """A file system of its own with little room."""

    def __init__(self, folder, size):
        self.folder, self.size = folder, size

    def __enter__(self):
        self.folder.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size},mode=755", "exeat",
                               self.folder], capture_output=True, check=False)
        if made.returncode != 0:
            raise Skipped("no file system can be mounted here")
        return self.folder

    def __exit__(self, *_):
        subprocess.run(["umount", self.folder], check=True)


def grow(folder):
    subprocess.run(["mount", "-o", "remount,size=256m", folder], check=True)

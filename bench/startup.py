"""How long starting kpibar takes, as a ratio to starting Python, measured interleaved in one run.

Run: python bench/startup.py [repetitions]
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "kpibar --version": ["-m", "kpibar", "--version"],
    "kpibar --help": ["-m", "kpibar", "--help"],
    "kpibar kpis": ["-m", "kpibar", "kpis"],
}


def once(arguments: list[str]) -> float:
    """Wall seconds of one process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(repetitions: int) -> None:
    """Print the median of each command and its ratio to the first."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repetitions):
        for name, arguments in COMMANDS.items():
            times[name].append(once(arguments))
    floor = statistics.median(times["python -c pass"])
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:20} {median * 1000:7.1f} ms  {median / floor:5.1f} x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)

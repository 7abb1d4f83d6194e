#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`make bench`: what the gate costs, beside what else there is, in one run. Figures are ratios to the floor (a PAM
transaction of pam_permit alone) or to another row measured in turns with it, because machines differ and drift. Runs in
a mount namespace of its own where /etc/pam.d is the benchmark's; touches nothing of the system's. BENCH_SECONDS
(default 1) is how long each row is measured, BENCH_ROWS which groups of rows (default: all). Exit status 1 only where a
login of ours ended otherwise than it should have."""
import contextlib
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

import lab as lab_module  # pylint: disable=wrong-import-position
import places             # pylint: disable=wrong-import-position
import rows               # pylint: disable=wrong-import-position

SLICES = 5
OTHERS = ("oath", "google", "stack", "geoip")  # rows of programs that are not ours


class Result:
    """A measured row."""

    def __init__(self, words):
        self.name, self.workers = words[0], int(words[1])
        self.logins, self.wrong = int(words[2]), int(words[3])
        self.p50, self.p99, self.worst = (int(word) / 1000 for word in words[4:7])
        self.rate = float(words[7]) * (self.logins - self.wrong) / self.logins  # of those that ended as they should
        self.cpu, self.daemon_cpu = float(words[8]) / 1000, float(words[9]) / 1000
        self.all_cpu = self.cpu + self.daemon_cpu


def private_namespace():
    """Runs this program again where mounts are its own, if that is allowed."""
    if os.environ.get("BENCH_NAMESPACE"):
        return
    private = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    os.environ["BENCH_NAMESPACE"] = places.PRIVATE if private else "shared"
    if private:
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, os.path.abspath(__file__)])


def table(group, place):
    """The driver's input."""
    lines = []
    for _title, name, kind, workers, words in group.rows:
        if kind in place.without:
            continue
        filled = [place.words.get(word, word) for word in words.split()]
        lines += [" ".join([name, kind, str(count), *filled]) for count in workers]
    return "\n".join(lines) + "\n"


def measure(group, place):
    slice_length = round(float(os.environ.get("BENCH_SECONDS") or "1") * 1000 / SLICES)
    driver = subprocess.run([f"{lab_module.BUILD}/tests/bench/driver", str(slice_length), str(SLICES), *place.pids],
                            input=table(group, place), stdout=subprocess.PIPE, text=True, check=True)
    results = [Result(line.split()) for line in driver.stdout.splitlines()]
    return {(result.name, result.workers): result for result in results}


def ratios(result, floor):
    if floor is None:
        return " " * 25
    return f"{result.rate / floor.rate:12.2f}{result.p50 / floor.p50:7.2f}{result.p99 / floor.p99:6.2f}"


def print_table(group, results):
    print(f"\n{group.title}; load {os.getloadavg()[0]:.1f}")
    print(f"{'':47} workers  logins/s  p50 µs  p99 µs  ×floor: rate    p50   p99  CPU µs of them, daemon  wrong of")
    for title, name, kind, workers, _words in group.rows:
        for count in workers:
            result = results.get((name, count))
            if result is None:
                continue
            floor = results.get(("floor", count)) if kind in ("pam", "draw", "code") else None
            print(f"{title:47} {count:7}  {result.rate:8,.0f}  {result.p50:6,.0f}  {result.p99:6,.0f}  "
                  f"{ratios(result, floor)}  {result.cpu:14,.0f} {result.daemon_cpu:7,.0f}  {result.wrong:5} "
                  f"{result.logins}")
            title = ""
    sys.stdout.flush()


def print_figures(measured):
    print("\nTo be reached:")
    for group, results in measured:
        for sentence, value_of, (bound, reached) in group.figures:
            try:
                value = value_of(results)
                verdict = "" if reached is None else "reached" if reached(value) else "MISSED"
                print(f"  {sentence:50} {value:12,.3f}  {bound:16} {verdict}".rstrip())
            except KeyError:
                print(f"  {sentence:50} {'':12}  {bound:16} not measured")


def run(group):
    """A group's results, with its table printed; nothing of the group is left."""
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        place = group.prepare(stack.enter_context)
        prepared = time.monotonic()
        results = measure(group, place)
        print_table(group, results)
        place.afterwards(results)
        measured = time.monotonic()
    places.say(f"{prepared - start:.0f} s to make, {measured - prepared:.0f} s to measure, "
               f"{time.monotonic() - measured:.0f} s to clear away")
    return results


def main():
    private_namespace()
    names = (os.environ.get("BENCH_ROWS") or " ".join(rows.GROUPS)).split()
    unknown = [name for name in names if name not in rows.GROUPS]
    if unknown:
        sys.exit(f"no rows are called {' '.join(unknown)}: {' '.join(rows.GROUPS)}")
    print(f"{os.cpu_count()} processors; load {os.getloadavg()[0]:.1f} at the start")
    measured = [(rows.GROUPS[name], run(rows.GROUPS[name])) for name in names]
    print_figures(measured)
    wrong = sum(result.wrong for _group, results in measured for key, result in results.items()
                if isinstance(key, tuple) and not key[0].startswith(OTHERS))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/bin/sh
# Names the Python 3.11 to make the environment with, or nothing where there is none: of those on the path that can make
# environments the first, unless another one computes a fifth faster. A build without profile-guided optimisation, which is
# what pyenv makes, was 1.6 to 1.8 times as slow in loops and a tenth in a whole request as that of a distribution.
set -eu

MEASURE='
import ensurepip, sys, time, venv
if sys.version_info[:2] != (3, 11):
    sys.exit(1)
def work():
    began, seen = time.process_time(), {}
    for i in range(40_000):
        seen[i & 1023] = (i, str(i))
    return time.process_time() - began
print(int(1e6 * min(work() for _ in range(5))), sys.executable)
'

fastest=0
chosen=
IFS=:
for folder in $PATH; do
    for name in python3.11 python3; do
        measured=$("$folder/$name" -c "$MEASURE" 2>/dev/null) || continue
        microseconds=${measured%% *}
        if [ -z "$chosen" ] || [ $((microseconds * 6)) -lt $((fastest * 5)) ]; then
            fastest=$microseconds
            chosen=${measured#* }
        fi
    done
done
echo "$chosen"

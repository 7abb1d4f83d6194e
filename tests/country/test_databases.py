#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Country databases that others wrote: each schema by the writer that publishers use, and the real one."""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/lab"))

from tap import Skip, Tests  # pylint: disable=wrong-import-position

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
WORLD = {"127.1.2.3": "JP", "127.2.0.1": "US", "127.3.255.255": "CN", "127.4.0.0": "FR", "127.5.0.1": "DE",
         "127.6.0.1": "NG", "127.7.0.1": "BR", "127.8.0.1": "RU", "127.13.0.1": "XK", "::ffff:127.1.2.3": "JP",
         "2001:200::1": "JP", "2001:0200:0:0::1": "JP", "2001:db8:2::1": "US",
         "127.0.0.1": "-", "::1": "-", "127.14.0.1": "-", "10.0.0.1": "-", "2001:db8::1": "-", "localhost": "-"}
# Networks that their registries have held for decades.
REAL = {"133.11.0.1": "JP", "202.12.27.33": "JP", "2001:200::1": "JP", "18.0.0.1": "US", "8.8.8.8": "US",
        "141.76.1.1": "DE", "129.132.1.1": "CH", "131.111.8.1": "GB", "166.111.4.1": "CN",
        "127.0.0.1": "-", "10.0.0.1": "-", "::1": "-"}
tests = Tests()


def ask(database, addresses):
    """The exit status, what country-of says of the database, and the countries."""
    asked = subprocess.run([os.path.join(BUILD, "tests/country/country-of"), database, *addresses],
                           stdout=subprocess.PIPE, text=True, check=False)
    lines = dict(line.split(" ", 1) for line in asked.stdout.splitlines())
    return asked.returncode, lines, {address: lines.get(address) for address in addresses}


def make(folder, schema, *changes):
    path = os.path.join(folder, f"{schema}.mmdb")
    subprocess.run([os.path.join(ROOT, "tests/lab/make-country-db.pl"), path, schema, *changes], check=True)
    return path


@tests.rows(["maxmind", "flat", "country", "bare", "registered"],
            "a database of the schema {} tells each country".format)
def each_schema(folder, schema):
    status, _said, countries = ask(make(folder, schema), WORLD)
    assert status == 0 and countries == WORLD, f"{status}: {countries}"


@tests.case("a database without countries is refused by the name it has")
def no_countries(folder):
    status, said, _countries = ask(make(folder, "asn"), [])
    assert status == 1 and '"authgate-demo-asn"' in said["refused:"], said


@tests.case("a network may be mapped anew")
def changed(folder):
    _status, _said, countries = ask(make(folder, "flat", "127.1.0.0/16=US"), ["127.1.0.1", "127.3.0.1"])
    assert countries == {"127.1.0.1": "US", "127.3.0.1": "CN"}, countries


@tests.case("the real database opens within two seconds, answers within 20 µs and knows well-known networks")
def real(folder):
    fetched = subprocess.run([os.path.join(ROOT, "tests/lab/fetch-country-db"), os.path.join(BUILD, "country-db")],
                             capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        raise Skip(fetched.stderr.strip())
    status, said, countries = ask(fetched.stdout.strip(), REAL)
    assert status == 0, said
    if not os.environ.get("COUNTRY_DB"):
        assert countries == REAL, countries
    assert float(said["opened"].split()[0]) < 2000 and float(said["look-up"].split()[0]) < 20000, said


with tempfile.TemporaryDirectory(prefix="authgate-country-") as directory:
    tests.run(directory)

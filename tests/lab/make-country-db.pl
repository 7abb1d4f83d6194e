#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Writes the small country database in which loopback stands for the world: a client that binds 127.2.0.1 is in the
# US. 127.0.0.0/16 and ::1 are in no country.
#
#   tests/lab/make-country-db.pl OUT [maxmind|flat|country|bare|registered|asn] [NETWORK=COUNTRY ...]
#
# The default is maxmind; what follows it changes or adds single networks.
# The first four are the schemas that authgate reads; `registered` has registered_country alone, `asn` has no country.
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;

my %countries = (
    '127.1.0.0/16'    => 'JP',
    '127.2.0.0/16'    => 'US',
    '127.3.0.0/16'    => 'CN',
    '127.4.0.0/16'    => 'FR',
    '127.5.0.0/16'    => 'DE',
    '127.6.0.0/16'    => 'NG',
    '127.7.0.0/16'    => 'BR',
    '127.8.0.0/16'    => 'RU',
    '127.9.0.0/16'    => 'GB',
    '127.10.0.0/16'   => 'IN',
    '127.11.0.0/16'   => 'KR',
    '127.12.0.0/16'   => 'AU',
    '127.13.0.0/16'   => 'XK',
    '127.14.0.0/16'   => 'ZZ',    # assigned to nobody: unknown
    '2001:200::/32'   => 'JP',
    '2001:db8:1::/48' => 'JP',
    '2001:db8:2::/48' => 'US',
);
my %continents = (
    JP => 'AS', US => 'NA', CN => 'AS', FR => 'EU', DE => 'EU', NG => 'AF', BR => 'SA', RU => 'EU',
    GB => 'EU', IN => 'AS', KR => 'AS', AU => 'OC', XK => 'EU', ZZ => 'EU',
);

sub country { return { geoname_id => 1, iso_code => $_[0], names => { en => "Country $_[0]" } } }

my %schemas = (
    maxmind => sub {
        return {
            continent          => { code => $continents{ $_[0] } // 'EU', names => { en => 'Continent' } },
            country            => country( $_[0] ),
            registered_country => country('US'),
        };
    },
    registered => sub { return { registered_country => country( $_[0] ) } },
    flat       => sub { return { country_code => $_[0] } },
    country    => sub { return { country => $_[0], asn => 'AS64500' } },
    bare       => sub { return $_[0] },
    asn        => sub { return { autonomous_system_number => 64500, autonomous_system_organization => "Net $_[0]" } },
);
my %types = (
    code => 'utf8_string', continent => 'map', country => 'map', registered_country => 'map', names => 'map',
    en => 'utf8_string', iso_code => 'utf8_string', geoname_id => 'uint32', country_code => 'utf8_string',
    asn => 'utf8_string', autonomous_system_number => 'uint32', autonomous_system_organization => 'utf8_string',
);

my ( $out, $schema, @changes ) = @ARGV;
$schema //= 'maxmind';
die "usage: make-country-db.pl OUT [" . join( '|', sort keys %schemas ) . "] [NETWORK=COUNTRY ...]\n"
    if !defined $out || !$schemas{$schema} || grep { !m{^[0-9a-f:.]+/\d+=[A-Z]{2}$} } @changes;
%countries = ( %countries, map { split /=/ } @changes );
$types{country} = 'utf8_string' if $schema eq 'country';

my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version            => 6,
    record_size           => 24,
    # pam_geoip wants the word
    database_type         => 'authgate-demo-' . ( $schema eq 'maxmind' ? 'Country' : $schema ),
    languages             => ['en'],
    description           => { en => 'Loopback stands for the world' },
    map_key_type_callback => sub { $schema eq 'bare' ? 'utf8_string' : $types{ $_[0] } // 'utf8_string' },
    $schema eq 'bare' ? ( root_data_type => 'utf8_string' ) : (),
    remove_reserved_networks => 0,
);
$tree->insert_network( $_, $schemas{$schema}->( $countries{$_} ) ) for sort keys %countries;

open my $file, '>:raw', "$out.new" or die "$out.new: $!\n";
$tree->write_tree($file);
close $file or die "$out.new: $!\n";
rename "$out.new", $out or die "$out: $!\n";

#!/usr/bin/perl
# META.json is what PGXN's specification (version 1.0.0) asks for, and all files that name the release name the same.
#	check_release.pl --self-test	the check notices violations
use strict;
use warnings;
use FindBin;
use JSON::PP;

chdir "$FindBin::Bin/../.." or die $!;

my @faults;
my $semver = qr/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[A-Za-z][0-9A-Za-z-]*)?$/;
my $term = qr/^[^\s\/\\\x00-\x1f]{2,}$/;
my %licences = map { $_ => 1 } qw(agpl_3 apache_1_1 apache_2_0 artistic_1 artistic_2 bsd freebsd gfdl_1_2 gfdl_1_3 gpl_1 gpl_2
	gpl_3 lgpl_2_1 lgpl_3_0 mit mozilla_1_0 mozilla_1_1 openssl perl_5 postgresql qpl_1_0 ssleay sun zlib open_source
	restricted unrestricted unknown);

sub fault { push @faults, "META.json: $_[0]"; }
sub is_text { my ($v) = @_; return defined $v && !ref $v && $v =~ /\S/; }
sub is_texts { my ($v) = @_; return ref $v eq 'ARRAY' ? @$v && !grep { !is_text($_) } @$v : is_text($v); }
sub is_url { my ($v) = @_; return is_text($v) && $v =~ m{^[a-z][a-z0-9+.-]*:\S+$}; }

sub check_provides
{
	my ($provides, $is_file) = @_;

	return fault('provides: an object with an extension at least') unless ref $provides eq 'HASH' && %$provides;
	for my $name (sort keys %$provides)
	{
		my $p = $provides->{$name};

		fault("provides: \"$name\" is no term") if $name !~ $term;
		if (ref $p ne 'HASH') { fault("provides.$name: an object"); next; }
		fault("provides.$name.version: a semantic version") unless is_text($p->{version}) && $p->{version} =~ $semver;
		for my $member ('file', 'docfile')
		{
			next if $member eq 'docfile' && !defined $p->{docfile};
			fault("provides.$name.$member: a file of the distribution") unless is_text($p->{$member}) && $is_file->($p->{$member});
		}
		fault("provides.$name.abstract: text") if exists $p->{abstract} && !is_text($p->{abstract});
	}
}

sub check_prereqs
{
	my ($prereqs) = @_;

	return fault('prereqs: an object') if ref $prereqs ne 'HASH';
	for my $phase (sort keys %$prereqs)
	{
		fault("prereqs: \"$phase\" is no phase") unless $phase =~ /^(configure|build|test|runtime|develop|[xX]_.*)$/;
		if (ref $prereqs->{$phase} ne 'HASH') { fault("prereqs.$phase: an object"); next; }
		for my $relation (sort keys %{$prereqs->{$phase}})
		{
			my $list = $prereqs->{$phase}{$relation};

			fault("prereqs.$phase: \"$relation\" is no relationship") unless $relation =~ /^(requires|recommends|suggests|conflicts|[xX]_.*)$/;
			if (ref $list ne 'HASH') { fault("prereqs.$phase.$relation: an object"); next; }
			for my $name (sort keys %$list)
			{
				my $range = $list->{$name};

				fault("prereqs.$phase.$relation.$name: a range of versions")
					if !defined $range || ref $range || grep { !/^\s*(0|(==|!=|<=|>=|<|>)?\s*\d+\.\d+\.\d+\S*)\s*$/ } split /,/, $range;
			}
		}
	}
}

sub check_resources
{
	my ($r) = @_;

	return fault('resources: an object') if ref $r ne 'HASH';
	fault('resources.homepage: a URL') if exists $r->{homepage} && !is_url($r->{homepage});
	fault('resources.bugtracker: web or mailto')
		if exists $r->{bugtracker} && !(ref $r->{bugtracker} eq 'HASH' && grep { defined } @{$r->{bugtracker}}{qw(web mailto)});
	fault('resources.repository: url, web and type')
		if exists $r->{repository} && !(ref $r->{repository} eq 'HASH' && is_url($r->{repository}{url}) &&
			is_text($r->{repository}{type}) && $r->{repository}{type} !~ /[A-Z]/);
}

# all that the specification asks for; $is_file says whether a path is of the distribution
sub check_meta
{
	my ($meta, $is_file) = @_;

	@faults = ();
	return fault('an object') if ref $meta ne 'HASH';
	my %known = map { $_ => 1 } qw(name version abstract maintainer license provides meta-spec description generated_by tags
		no_index prereqs release_status resources);
	for (sort keys %$meta) { fault("\"$_\" is not in the specification") unless $known{$_} || /^[xX]_/; }
	fault('name: a term') unless is_text($meta->{name}) && $meta->{name} =~ $term;
	fault('version: a semantic version') unless is_text($meta->{version}) && $meta->{version} =~ $semver;
	fault('abstract: text') unless is_text($meta->{abstract});
	fault('maintainer: text or texts') unless is_texts($meta->{maintainer});
	my $licence = $meta->{license};
	my @licences = ref $licence eq 'ARRAY' ? @$licence : ref $licence eq 'HASH' ? () : ($licence);
	fault('license: the specification\'s names, or an object of names and URLs')
		if (ref $licence eq 'HASH' ? !%$licence || grep { !is_url($_) } values %$licence : !@licences || grep { !defined || !$licences{$_} } @licences);
	check_provides($meta->{provides}, $is_file);
	my $spec = $meta->{'meta-spec'};
	fault('meta-spec: version 1.0.n and a URL')
		unless ref $spec eq 'HASH' && ($spec->{version} // '') =~ /^1\.0\.\d+$/ && (!exists $spec->{url} || is_url($spec->{url}));
	for (qw(description generated_by)) { fault("$_: text") if exists $meta->{$_} && !is_text($meta->{$_}); }
	fault('tags: terms of at most 255 characters')
		if exists $meta->{tags} && (ref $meta->{tags} ne 'ARRAY' || grep { !is_text($_) || /[\/\\\x00-\x1f]/ || length > 255 } @{$meta->{tags}});
	fault('release_status: stable, testing or unstable')
		if exists $meta->{release_status} && ($meta->{release_status} // '') !~ /^(stable|testing|unstable)$/;
	fault('no_index: an object of lists of file or directory')
		if exists $meta->{no_index} && (ref $meta->{no_index} ne 'HASH' || grep { !/^(file|directory)$/ } keys %{$meta->{no_index}});
	check_prereqs($meta->{prereqs}) if exists $meta->{prereqs};
	check_resources($meta->{resources}) if exists $meta->{resources};
	return;
}

sub slurp
{
	open my $file, '<:raw', $_[0] or die "$_[0]: $!\n";
	local $/;
	return scalar <$file>;
}

# each place that names the release: file, pattern
sub check_versions
{
	my ($meta) = @_;
	my @places = (['ppdl.control', qr/^default_version *= *'(.*?)'/m], ['src/base/version.h', qr/PPDL_RELEASE "(.*?)"/],
		['CHANGELOG.md', qr/^## (\d\S*)/m], ['debian/changelog', qr/^ppdl \((.*?)-\d+\)/],
		['python/pyproject.toml', qr/^version *= *"(.*?)"/m], ['python/ppdl/__init__.py', qr/^__version__ = "(.*?)"/m]);

	for (@places)
	{
		my ($path, $pattern) = @$_;
		my ($version) = -f $path ? slurp($path) =~ $pattern : ();
		push @faults, "$path: names " . ($version // 'no release') . ", META.json $meta->{version}" if ($version // '') ne $meta->{version};
	}
	push @faults, "META.json: provides.ppdl.version is $meta->{provides}{ppdl}{version}" if $meta->{provides}{ppdl}{version} ne $meta->{version};
}

sub check
{
	my ($meta, $is_file) = @_;

	check_meta($meta, $is_file);
	check_versions($meta) unless @faults;
}

my $text = slurp('META.json');
my $files = {map { chomp; $_ => 1 } `git ls-files 2>/dev/null`};
my $is_file = sub { %$files ? $files->{$_[0]} : -f $_[0] };
my $json = JSON::PP->new->utf8;

if (@ARGV && $ARGV[0] eq '--self-test')
{
	my @wrong = (
		(map { my $m = $_; sub { delete $_[0]{$m} } } qw(name version abstract maintainer license provides meta-spec)),
		sub { $_[0]{version} = '0.2' }, sub { $_[0]{version} = '00.2.0' }, sub { $_[0]{license} = 'PostgreSQL' }, sub { $_[0]{name} = 'a b' },
		sub { $_[0]{provides}{ppdl}{file} = 'sql/none.sql' }, sub { delete $_[0]{provides}{ppdl}{version} },
		sub { $_[0]{prereqs}{runtime}{requires}{PostgreSQL} = '15' }, sub { $_[0]{prereqs}{run} = {} }, sub { $_[0]{release_status} = 'beta' },
		sub { $_[0]{'meta-spec'}{version} = '2.0.0' }, sub { $_[0]{tags} = ['a/b'] }, sub { $_[0]{homepage} = 'x' }, sub { $_[0]{maintainer} = [] },
		sub { $_[0]{resources} = {homepage => 'nowhere'} }, sub { $_[0]{version} = $_[0]{provides}{ppdl}{version} = '0.0.1' },
		sub { $_[0]{provides}{ppdl}{version} = '0.0.1' });
	my $missed = 0;

	for my $i (0 .. $#wrong)
	{
		my $meta = $json->decode($text);
		$wrong[$i]->($meta);
		check($meta, $is_file);
		next if @faults;
		print "violation ", $i + 1, " was not noticed\n";
		$missed++;
	}
	print scalar(@wrong) - $missed, " of ", scalar @wrong, " violations noticed\n";
	exit($missed != 0);
}
my $meta = eval { $json->decode($text) } or die "META.json: $@";
check($meta, $is_file);
print map { "$_\n" } @faults;
exit(@faults != 0);

# What `make install` puts beside the tool: manual pages and completion, made from the help of the same build.
use strict;
use warnings;

use File::Basename qw(dirname);
use Test::More;

my ($tool) = grep { -x } map { "$_/ppdl" } split /:/, $ENV{PATH};
my $share = dirname(dirname($tool)) . '/share';
my ($man, $completion) = ("$share/man/man1", "$share/bash-completion/completions/ppdl");

# another view of the same options than --help, which the pages are made from
sub options_of
{
	my ($command) = @_;
	my $usage = `ppdl $command --usage`;

	return map { "--$_" } $usage =~ /\[--([\w-]+)/g;
}

my @commands = `ppdl help` =~ /^Commands:/m ? map { /^  (\w+) +\w/ ? $1 : () } grep { /^Commands:/ .. /^$/ } `ppdl help` : ();
cmp_ok(scalar @commands, '>', 10, 'the help lists commands');

# completion of the last of some words, as bash asks for it
sub complete
{
	my (@words) = @_;
	my $list = join ' ', map { "'" . s/'/'\\''/gr . "'" } @words;

	open my $shell, '-|', 'bash', '-c', "source '$completion'; COMP_WORDS=($list); COMP_CWORD=\$((\${#COMP_WORDS[@]} - 1))
		_ppdl; printf '%s\\n' \"\${COMPREPLY[@]}\"" or die $!;
	my @answer = grep { $_ ne '' } map { chomp; $_ } <$shell>;
	close $shell;
	return @answer;
}

is_deeply([sort(complete('ppdl', ''))], [sort(@commands, 'help', '--help', '--version')], 'commands are completed');
is_deeply([complete('ppdl', 'enc')], ['encode', 'encrypt'], 'from what is typed');
is_deeply([complete('ppdl', 'help', 'key')], ['keygen'], 'after help, too');
for my $command (@commands)
{
	my @options = options_of($command);
	my %completed = map { s/=$//r => 1 } complete('ppdl', $command, '--');

	ok(@options >= 3, "$command has options");
	is_deeply([grep { !$completed{$_} } @options], [], "every option of $command is completed");
	is_deeply([grep { my $o = $_; !grep { $_ eq $o } @options } keys %completed], [], "$command: nothing else is");

	my $page = -r "$man/ppdl-$command.1" ? slurp("$man/ppdl-$command.1") : '';
	my $text = `groff -man -Tascii -P-cbu -ww -rLL=200n '$man/ppdl-$command.1' 2>&1`;
	is_deeply([grep { $text !~ /(^|\s)\Q$_\E\b/m } @options], [], "every option of $command is in its page");
	unlike($text, qr/(warning|error):/, "groff has nothing to say about it");
	like(slurp("$man/ppdl.1"), qr/^\.BR ppdl\\-$command \(1\)/m, "$command is listed in ppdl(1)");
}
sub slurp
{
	open my $file, '<', $_[0] or return '';
	local $/;
	return <$file>;
}
is(`groff -man -Tascii -ww '$man/ppdl.1' 2>&1 >/dev/null`, '', 'groff has nothing to say about ppdl(1)');
like(slurp("$man/ppdl.1"), qr/^\.SH EXIT STATUS\n0 done/m, 'which has the exit status');

is_deeply([complete('ppdl', 'keygen', '--for', '')], ['sum', 'predict', 'train'], 'values that the help lists are completed');
is_deeply([complete('ppdl', 'keygen', '--for', '=', 'p')], ['predict'], 'after an equals sign, too');
is_deeply([complete('ppdl', 'query', '--for', '=')], [], 'not those of another command');
is_deeply([complete('ppdl', 'query', '-c', '')], [], 'nothing where anything may stand');
my $dir = "$ENV{TESTDATADIR}/completion files";
system('mkdir', '-p', "$dir/folder") == 0 && open(my $file, '>', "$dir/a key.pub") or die $!;
chdir $dir or die $!;
for my $words (['publish', ''], ['encrypt', '--key', ''], ['encrypt', '-k', 'a'], ['encrypt', '--features', '='], ['encrypt', '--features', '=', 'a '])
{
	my @files = complete('ppdl', @$words);
	ok(scalar(grep { $_ eq 'a key.pub' } @files), "files: @$words");
}
is_deeply([complete('ppdl', 'study', '--out', '')], ['folder'], 'folders');
ok(scalar(grep { $_ eq 'export' } complete('ppdl', 'model', 'ex')), 'actions of ppdl model');
like(slurp("$man/ppdl.1"), qr/^\.SH ENVIRONMENT\nPPDL_PASSPHRASE /m, 'and the environment');
done_testing();

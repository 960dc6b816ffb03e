#!/usr/bin/perl
# Completion for bash from the help of the tool: make_completion.pl ./ppdl FILE
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ToolHelp;

my ($tool, $file) = @ARGV;
defined $file or die "usage: make_completion.pl TOOL FILE\n";

# what stands for a value in the help says what completes it: @files, @folders, words, or nothing
sub values_of
{
	my ($value) = @_;

	return '' unless defined $value;
	return '@folders' if $value eq 'DIR';
	return '@files' if $value =~ /^(FILE|CSV|FROM|PREFIX)\b/;
	return join ' ', split /\|/, $value if $value =~ /^[a-z0-9][\w-]*(\|[a-z0-9][\w-]*)+$/;
	return $1 if $value =~ /^([a-z]+=)[A-Z]/;
	return '';
}

# the arguments beside options: files, and words that the usage lists
sub arguments_of
{
	my ($name, @usage) = @_;
	my $text = join ' | ', map { s/^ppdl \Q$name\E\s*//r =~ s/\[OPTION\.\.\.\]//r } @usage;

	return join ' ', map { /^\s*([a-z]+)\b/ ? $1 : () } split /\|/, $text if $text =~ /(^|\|)\s*[a-z]+\b/;
	return $text =~ /\b(FILE|CSV|FROM)\b/ ? '@files' : '';
}

my $help = ToolHelp::tool($tool);
my @names = map { $_->[0] } @{$help->{commands}};
my $cases = '';

for my $name (@names)
{
	my $c = ToolHelp::command($tool, $name);
	my (@words, $values);

	$values = '';
	for my $o (grep { !$_->{group} } @{$c->{options}})
	{
		my $kind = values_of($o->{value});
		my $patterns = "--$o->{long}" . ($o->{short} ? " | -$o->{short}" : '');

		push @words, "--$o->{long}" . (defined $o->{value} ? '=' : '');
		push @words, "-$o->{short}" if $o->{short} && $o->{short} ne '?';
		$values .= "\t\t\t\t$patterns)" . ($kind ? " values='$kind'" : '') . " ;;\n" if defined $o->{value};
	}
	my $arguments = arguments_of($name, @{$c->{usage}});
	$cases .= "\t\t$name)\n\t\t\toptions='@words'\n\t\t\targuments='$arguments'\n\t\t\tcase \$option in\n$values\t\t\t\t*) option= ;;\n\t\t\tesac ;;\n";
}

open my $out, '>', $file or die "$file: $!\n";
print $out <<"END";
# Completion of the arguments of ppdl for bash.  Made from the help of $help->{version}; do not edit.

_ppdl_take()	# values, what is typed so far
{
	case \$1 in
		\@files) mapfile -t COMPREPLY < <(compgen -f -- "\$2"); compopt -o filenames 2>/dev/null ;;
		\@folders) mapfile -t COMPREPLY < <(compgen -d -- "\$2"); compopt -o filenames 2>/dev/null ;;
		*) mapfile -t COMPREPLY < <(compgen -W "\$1" -- "\$2") ;;
	esac
	[[ \${#COMPREPLY[@]} != 1 || \${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

_ppdl()
{
	local word=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD-1]} options= arguments= values=

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_ppdl_take '@names help --help --version' "\$word"
		return
	fi
	# bash takes --option=value for three words
	if [[ \$word == = ]]; then
		word=
	elif [[ \$option == = ]]; then
		option=\${COMP_WORDS[COMP_CWORD-2]}
	fi
	case \${COMP_WORDS[1]} in
		help) ((COMP_CWORD > 2)) || _ppdl_take '@names' "\$word"; return ;;
$cases		*) return ;;
	esac
	if [[ -n \$option ]]; then
		_ppdl_take "\$values" "\$word"
	elif [[ \$word == -* ]]; then
		_ppdl_take "\$options" "\$word"
	else
		_ppdl_take "\$arguments" "\$word"
	fi
	return 0
}

complete -F _ppdl ppdl
END
close $out or die "$file: $!\n";

/*
 * ppdl: the owner's tool.  Looks up the sub-command and runs it.
 */
#include <argp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/terminal.h"

const char *argp_program_version = "ppdl " PPDL_TOOL_VERSION;

static const PpdlCommand commands[] = {
	{"keygen", "make a key pair: a secret key file and a public one for servers", ppdl_cmd_keygen},
	{"publish", "send what a use needs of a public key file to a database", ppdl_cmd_publish},
	{"features", "turn pictures into rows of a CSV file: texture features or pixels", ppdl_cmd_features},
	{"encode", "learn how the columns of a CSV file become numbers in [-1, 1]", ppdl_cmd_encode},
	{"encrypt", "encrypt the rows of a CSV file for COPY, or load them into a table", ppdl_cmd_encrypt},
	{"rekey", "encrypt the rows of a table anew under another key, in place", ppdl_cmd_rekey},
	{"decrypt", "replace ciphertexts in query results by numbers", ppdl_cmd_decrypt},
	{"query", "run SQL and show its results decrypted", ppdl_cmd_query},
	{"stats", "statistics of encrypted rows: means, correlations, regressions, tables", ppdl_cmd_stats},
	{"shell", "type SQL and see its results decrypted", ppdl_cmd_shell},
	{"verify", "check a table row by row against what was encrypted into it", ppdl_cmd_verify},
	{"audit", "compute a random sample of predictions again in the clear", ppdl_cmd_audit},
	{"evaluate", "compare decrypted predictions with labels", ppdl_cmd_evaluate},
	{"model", "list, show, export and import stored models", ppdl_cmd_model},
	{"inspect", "say what a file or a ciphertext is; needs no secret key", ppdl_cmd_inspect},
	{"status", "what a database holds: keys, encrypted columns, models, trainings to resume", ppdl_cmd_status},
	{"study", "compare methods on datasets: accuracy, time, memory, size", ppdl_cmd_study},
};

#define NCOMMANDS (sizeof commands / sizeof *commands)

static void
usage(FILE *f)
{
	fputs("Usage: ppdl COMMAND [OPTION...]\n"
		  "The owner's side of ppdl: keys, encryption of rows, decryption of results.\n\n"
		  "Commands:\n", f);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n\"ppdl help COMMAND\" or \"ppdl COMMAND --help\" explains one, with an example.\n\n"
		  "A session:\n"
		  "  ppdl keygen  --out hospital\n"
		  "  ppdl publish hospital.pub --for predict --dsn \"$DSN\"\n"
		  "  ppdl encode  patients.csv --id Id --label Osteoporosis -o features.json\n"
		  "  ppdl encrypt --key hospital.key --features features.json patients.csv > patients.copy\n"
		  "  psql \"$DSN\" -c '\\copy patients (id, features, label) FROM patients.copy'\n"
		  "  ppdl query   --key hospital.key --dsn \"$DSN\" -c 'SELECT avg(features) FROM patients'\n\n"
		  "Environment: PPDL_PASSPHRASE (of the key file), PGHOST, PGDATABASE and others of\n"
		  "libpq (the database), PPDL_CPU (scalar, avx2, ifma, neon: lesser kernels).\n\n"
		  "Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong input data,\n"
		  "4 key or passphrase, 5 the database said no.\n", f);
}

static const PpdlCommand *
find(const char *name)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int
unknown(const char *name)
{
	fprintf(stderr, "ppdl: there is no command \"%s\"; the commands are:", name);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(stderr, " %s", commands[i].name);
	fputs("\n", stderr);
	return PPDL_EXIT_USAGE;
}

static int
run(const PpdlCommand *c, int argc, char **argv)
{
	static char name[32];

	snprintf(name, sizeof name, "ppdl %s", c->name);
	ppdl_program = name;
	argv[0] = name;
	return c->run(argc, argv);
}

static int
help(int argc, char **argv)
{
	char	   *args[] = {NULL, "--help", NULL};
	const PpdlCommand *c;

	if (argc < 2)
	{
		usage(stdout);
		return PPDL_EXIT_OK;
	}
	c = find(argv[1]);
	return c ? run(c, 2, args) : unknown(argv[1]);
}

int
main(int argc, char **argv)
{
	const PpdlCommand *c;

	ppdl_forbid_dumps();
	ppdl_terminal_guard();
	on_exit(ppdl_close_output, NULL);
	argp_err_exit_status = PPDL_EXIT_USAGE;
	if (argc < 2)
	{
		usage(stderr);
		return PPDL_EXIT_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
	{
		puts(argp_program_version);
		return PPDL_EXIT_OK;
	}
	c = find(argv[1]);
	return c ? run(c, argc - 1, argv + 1) : unknown(argv[1]);
}

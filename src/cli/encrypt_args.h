/*
 * The command line of ppdl encrypt.
 */
#ifndef PPDL_CLI_ENCRYPT_ARGS_H
#define PPDL_CLI_ENCRYPT_ARGS_H

#include "cli/args.h"
#include "cli/rsa_columns.h"
#include "cli/sink.h"

typedef struct PpdlEncryptArgs
{
	const char *csv,
			   *charset,
			   *output,
			   *key,
			   *passphrase_file,
			   *features,
			   *id,
			   *label,
			   *dsn,
			   *table,
			   *batch_column,	/* NULL: none is written */
			   *sort_by,		/* NULL: rows as they come */
			   *receipts_for,	/* name of the table in receipts */
			   *manifest;		/* file, NULL: none is written */
	PpdlRsaColumnOptions rsa;
	PpdlList	keep,
				columns,
				bind;			/* columns of keep that receipts are tied to */
	int			receipts,		/* rows get tags and a MAC */
				compact,
				scale_bits,
				batch_rows,
				sort_memory,	/* MiB; 0: as much as the default says */
				plain,
				raw,
				width,
				no_header,
				no_label,
				header,
				unknown_other,
				outside;		/* PpdlOutside, or -1: as the feature file says */
	PpdlFormat	format;
	char		delimiter;
} PpdlEncryptArgs;

/* fills *a; ends the program where the command line is wrong.  Strings point into argv. */
void		ppdl_encrypt_args_parse(PpdlEncryptArgs *a, int argc, char **argv);
void		ppdl_encrypt_args_free(PpdlEncryptArgs *a);

/* counts and products, and no features */
int			ppdl_encrypt_columns_only(const PpdlEncryptArgs *a);

#endif

/*
 * ppdl encrypt under an RSA key: the encrypted columns of a batch of rows.
 *
 *	features	rsa_cipher[], exponent encoding on a grid of `input_bits`
 *	label		rsa_cipher (several outputs: an array), exponent encoding; numeric labels
 *				on the same grid, classes exactly as -1, 0, 1
 *	counts		rsa_cipher, exponent encoding, for rsa_sum
 *	products	rsa_cipher, product encoding, for rsa_product
 */
#ifndef PPDL_CLI_RSA_COLUMNS_H
#define PPDL_CLI_RSA_COLUMNS_H

#include "cli/args.h"
#include "table/csv.h"
#include "table/features.h"
#include "cli/sink.h"

typedef struct PpdlRsaColumnOptions
{
	const char *key,			/* public or private PEM file */
			   *passphrase_file;
	int			input_bits;
	int			randomise;
	PpdlList	counts,			/* COLUMN or COLUMN:MAX */
				products;
} PpdlRsaColumnOptions;

typedef struct PpdlRsaColumns PpdlRsaColumns;

/* capacity: rows of a batch.  Finds the columns; fs and csv must live on. */
PpdlStatus	ppdl_rsa_columns_open(PpdlRsaColumns **out, const PpdlRsaColumnOptions *opt, const PpdlFeatures *fs,
								  const PpdlCsv *csv, int label, int capacity, PpdlError *err);
void		ppdl_rsa_columns_close(PpdlRsaColumns *c);

/* Remembers the counts and products of row r of the batch; an empty field is NULL. PPDL_ERR_FORMAT "file:line: ..." */
PpdlStatus	ppdl_rsa_columns_take(PpdlRsaColumns *c, int r, const PpdlCsvRow *row, PpdlError *err);
/* Encrypts rows 0..rows-1: x[rows * inputs], y[rows * outputs], of which rows without has_label are left out. */
PpdlStatus	ppdl_rsa_columns_encrypt(PpdlRsaColumns *c, const double *x, const double *y, const char *has_label,
									 int rows, PpdlError *err);
/* Writes the names of the counts and products. */
void		ppdl_rsa_columns_names(const PpdlRsaColumns *c, PpdlSink *sink);
/* Writes the columns of row r, once: counts and products, features, label. */
void		ppdl_rsa_columns_put(PpdlRsaColumns *c, PpdlSink *sink, int r);

#endif

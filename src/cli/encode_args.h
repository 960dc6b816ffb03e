/*
 * The options that say how columns become inputs, shared by the sub-commands that learn an encoding.
 */
#ifndef PPDL_CLI_ENCODE_ARGS_H
#define PPDL_CLI_ENCODE_ARGS_H

#include "cli/args.h"
#include "table/features.h"

typedef struct PpdlEncodeArgs
{
	PpdlLearnOptions learn;		/* strings and lists point into argv and the lists below */
	PpdlList	exclude,
				columns,
				bands,
				numeric,
				category,
				label_map,
				na,
				dates,
				range,
				quantile_range,
				log,
				thermometer,
				moments;
	const char *charset,		/* NULL: UTF-8 */
			   *outside;		/* "error", "clamp", "null"; NULL: as PpdlLearnOptions has it */
	char		delimiter;		/* 0: comma, or what the first line has */
} PpdlEncodeArgs;

/* a child for argp parsers; its input is a PpdlEncodeArgs that ppdl_encode_args_init has filled */
extern const struct argp ppdl_encode_argp;

void		ppdl_encode_args_init(PpdlEncodeArgs *a);
/* after the lists have been filled, which may move until then */
void		ppdl_encode_args_lists(PpdlEncodeArgs *a);
void		ppdl_encode_args_free(PpdlEncodeArgs *a);

/*
 * Opens the CSV file `path` and learns its encoding.  *out is the caller's to destroy.  notes: one line for every
 * column left out and whatever else should be known, appended; may be NULL.
 */
PpdlStatus	ppdl_encode_file(PpdlFeatures **out, const char *path, const PpdlEncodeArgs *a, PpdlWriter *notes,
							 PpdlError *err);

#endif

/*
 * The methods that a study compares, each on one split: what it answers for the test rows, and what that takes.
 */
#ifndef PPDL_CLI_STUDY_METHODS_H
#define PPDL_CLI_STUDY_METHODS_H

#include "cli/study_data.h"
#include "cli/study_keys.h"
#include "cli/study_network.h"
#include "cli/study_server.h"

/* NaN: does not apply, or is not known */
typedef struct PpdlOutcome
{
	double	   *scores,			/* test rows * outputs */
			   *weights;		/* plain or decrypted, or NULL */
	int			nweights;
	double		steps,
				encrypt_s,
				train_s,
				predict_s,
				decrypt_s,
				cpu_s,			/* of the tool and of its server process */
				train_cpu_s,	/* of it, training */
				peak_rss_bytes,
				row_bytes,
				key_bytes,
				result_bytes,
				security_bits;
	char		parameters[160];	/* "": none */
	json_t	   *curve;			/* [[step, accuracy], ...] or NULL */
} PpdlOutcome;

typedef struct PpdlTask
{
	const PpdlStudy *study;
	const PpdlStudyData *data;
	const PpdlStudySplit *split;
	const PpdlNetworkText *network; /* NULL for methods without */
	const char *options;		/* JSON, for ppdl_train */
	const PpdlOutcome *plain;	/* of the same split and network, for methods that take its weights; or NULL */
	int			with_curve;		/* plain: also accuracy against steps */
	PpdlStudyServer *server;
	PpdlStudyKeys *keys;
} PpdlTask;

/* PPDL_ERR_CANCELED after Ctrl-C.  Released with ppdl_outcome_free, also after an error. */
PpdlStatus	ppdl_method_run(PpdlOutcome *out, PpdlStudyMethod method, const PpdlTask *task, PpdlError *err);
void		ppdl_outcome_free(PpdlOutcome *o);

#endif

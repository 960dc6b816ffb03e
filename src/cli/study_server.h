/*
 * What a study does in the server: a schema of its own with the rows of one run, and a model of the same name.
 */
#ifndef PPDL_CLI_STUDY_SERVER_H
#define PPDL_CLI_STUDY_SERVER_H

#include "cli/database.h"
#include "cli/reveal.h"
#include "owner/row_batch.h"
#include "cli/rsa_columns.h"
#include "cli/study_data.h"

typedef struct PpdlStudyServer
{
	const char *dsn;
	char		schema[40],		/* lower-case letters, digits and _: needs no quotes; "" before it is made */
				model[60],		/* name@version of the model made or trained last */
				ppdl[40],		/* versions */
				postgresql[80];
	PpdlProgress progress;		/* shows what the server says of its progress, with arg, done 0 and total 0 */
	void	   *arg;
} PpdlStudyServer;

/* makes the schema; s->dsn is set by the caller */
PpdlStatus	ppdl_study_server_open(PpdlStudyServer *s, PpdlError *err);
/* drops the schema and the model, on a connection of its own */
PpdlStatus	ppdl_study_server_close(PpdlStudyServer *s, PpdlError *err);

/* A connection for one run, which Ctrl-C cancels; without parallel workers, whose time would not be counted. */
PpdlStatus	ppdl_study_connect(PpdlStudyServer *s, PpdlDb *db, PpdlError *err);
/* drops what the run made, if it still can, and closes */
void		ppdl_study_disconnect(PpdlStudyServer *s, PpdlDb *db);

/* ------------------------------------------------------------------ rows: tables (n, features, label) */

PpdlStatus	ppdl_study_put_plain(PpdlStudyServer *s, PpdlDb *db, const char *table, const PpdlStudyRows *rows,
								 int inputs, int outputs, PpdlError *err);
/* b: an initialised batch, with labels or without; *seconds: added to, the time that encrypting takes */
PpdlStatus	ppdl_study_put_lwe(PpdlStudyServer *s, PpdlDb *db, const char *table, const PpdlStudyRows *rows,
							   PpdlRowBatch *b, PpdlOwner *owner, double *seconds, PpdlError *err);
/* without labels; columns: of `capacity` rows */
PpdlStatus	ppdl_study_put_rsa(PpdlStudyServer *s, PpdlDb *db, const char *table, const PpdlStudyRows *rows, int inputs,
							   PpdlRsaColumns *columns, int capacity, double *seconds, PpdlError *err);
/* mean bytes of the features of a row, as they are stored */
PpdlStatus	ppdl_study_row_bytes(PpdlStudyServer *s, PpdlDb *db, const char *table, double *bytes, PpdlError *err);

/* ------------------------------------------------------------------ the model */

/* All of these work on the version that was made or trained last, whatever the model's default is. */

/* weights: text of a float8[], or NULL for a network still to be trained */
PpdlStatus	ppdl_study_create_model(PpdlStudyServer *s, PpdlDb *db, const char *spec, const char *weights,
									PpdlError *err);
PpdlStatus	ppdl_study_train(PpdlStudyServer *s, PpdlDb *db, const char *table, const char *options, PpdlError *err);
/* steps that the newest version was trained for */
PpdlStatus	ppdl_study_steps(PpdlStudyServer *s, PpdlDb *db, double *steps, PpdlError *err);
/* plain weights, as text of a float8[]; malloc'ed */
PpdlStatus	ppdl_study_weights(PpdlStudyServer *s, PpdlDb *db, char **text, PpdlError *err);
/* encrypted weights, base64; malloc'ed */
PpdlStatus	ppdl_study_cipher(PpdlStudyServer *s, PpdlDb *db, char **text, PpdlError *err);
/* the answer of ppdl_predict_agg over a table in the order of n, as text; weight_bits: of RSA, or 0.  malloc'ed */
PpdlStatus	ppdl_study_predict(PpdlStudyServer *s, PpdlDb *db, const char *table, int weight_bits, char **text,
							   PpdlError *err);

#endif

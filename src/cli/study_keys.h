/*
 * The keys of a study: made for it and never written, or those of a key file; published once and, if made for it,
 * removed again.
 */
#ifndef PPDL_CLI_STUDY_KEYS_H
#define PPDL_CLI_STUDY_KEYS_H

#include "cli/database.h"
#include "cli/reveal.h"

typedef struct PpdlStudyKeys
{
	PpdlOwner  *owner;			/* either may be missing */
	PpdlRsaKey *rsa;
	PpdlThreads *threads;		/* for RSA predictions */
	char		lwe_id[17],
				rsa_id[17];		/* "": none */
	char	   *rsa_file;		/* its public key, beside the results */
	int			use;			/* PpdlUse of the LWE key; 0: none */
	int			is_given;		/* the LWE key is somebody's */
	int			is_published;
	double		predict_bytes,	/* of the parts that a use needs */
				train_bytes,
				rsa_bytes;
} PpdlStudyKeys;

typedef struct PpdlStudyKeyWish
{
	int			use;			/* PpdlUse of an LWE key, or 0 */
	int			rsa;
	const char *key,			/* secret key file of LWE, or NULL: a new key */
			   *passphrase_file,
			   *directory;		/* for public files, while they are needed */
} PpdlStudyKeyWish;

/* makes or opens the keys and publishes what db lacks of them; ppdl_study_keys_close releases, also after an error */
PpdlStatus	ppdl_study_keys_open(PpdlStudyKeys *k, const PpdlStudyKeyWish *wish, PpdlDb *db, PpdlError *err);
/* takes keys that were made for the study out of the database */
PpdlStatus	ppdl_study_keys_remove(PpdlStudyKeys *k, PpdlDb *db, PpdlError *err);
void		ppdl_study_keys_close(PpdlStudyKeys *k);	/* wipes */

/* the values of one ciphertext, s[0 .. len), under one of them; as ppdl_reveal_values */
PpdlStatus	ppdl_study_keys_decrypt(PpdlStudyKeys *k, const char *s, size_t len, PpdlValues *out, PpdlError *err);

#endif

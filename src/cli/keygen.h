/*
 * Key generation, one function a scheme; cmd_keygen.c picks it.
 */
#ifndef PPDL_CLI_KEYGEN_H
#define PPDL_CLI_KEYGEN_H

#include "base/error.h"

typedef struct PpdlKeygen
{
	const char *prefix;			/* writes <prefix>.key and <prefix>.pub */
	const char *name;			/* NULL: the last part of prefix */
	const char *passphrase_file;
	const char *existing;		/* secret key file to make a public one from, or NULL */
	const char *writer_for;		/* an owner's public file, to make a writer's key for, or NULL */
	const char *rotate;			/* the secret key file of a former key, whose rows the new one takes over, or NULL */
	const char *old_passphrase_file;	/* of that one; NULL: as for the new */
	int			uses;			/* PpdlUse bits, lower uses included */
	int			threads;
	int			bits;			/* of an RSA modulus */
	int			allow_weak;		/* take a short passphrase */
	char	   *secret_path,
			   *public_path;
} PpdlKeygen;

PpdlStatus	ppdl_keygen_lwe(const PpdlKeygen *k, PpdlError *err);
PpdlStatus	ppdl_keygen_rsa(const PpdlKeygen *k, PpdlError *err);

#endif

/* A model's encrypted weights, as their owner decrypts and makes them. */
#ifndef PPDL_CLI_MODEL_CIPHER_H
#define PPDL_CLI_MODEL_CIPHER_H

#include "base/bytes.h"
#include "net/net.h"
#include "owner/owner.h"

/*
 * spec: the network; cipher: a JSON array of the base64 text that lies in the table; *out: a JSON array of plain
 * weights, malloc'ed
 */
PpdlStatus	ppdl_model_decrypt(char **out, const char *key, const char *passphrase_file, const char *spec,
							   const char *cipher, PpdlError *err);

/*
 * the weights of net as text of a lwe_cipher[], NUL included, appended to out; key_id: hexadecimal fingerprint of the
 * key; within: the length declared for the weights of a unit (ppdl_owner_encrypt_model)
 */
PpdlStatus	ppdl_model_encrypt(PpdlWriter *out, char key_id[17], const char *key, const char *passphrase_file,
							   const PpdlNet *net, int within, PpdlError *err);

/*
 * The same from weights under another key: text, base64 of one element of a model's cipher; spec, the network.  The
 * declared length stays, or becomes what the weights need.  Errors as of decryption and encryption of models.
 */
PpdlStatus	ppdl_model_reencrypt(PpdlWriter *out, PpdlOwner *from, PpdlOwner *to, const char *spec, const char *text,
								 PpdlError *err);

#endif

/*
 * The owner's side of ppdl.  Secret keys, encryption of rows, decryption
 * of results, key files.  Everything here may see secrets and belongs on the
 * owner's machine.
 *
 * Functions return PPDL_OK (0) or a PpdlStatus and describe the failure in *err
 * (may be NULL).  Objects are opaque; none of the functions may be called for the
 * same object from two threads at once.
 *
 * Keys in owner.c, key files in keyfile.c, parts of public keys in parts.c, public_*.c and signature.c, encrypted
 * models in model.c, text of values in format.c.  Writers are in owner/writer.h.
 */
#ifndef PPDL_OWNER_OWNER_H
#define PPDL_OWNER_OWNER_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/poll.h"
#include "net/net.h"
#include "rows/batch.h"
#include "rows/decrypt.h"
#include "rows/keyplan.h"

/* ------------------------------------------------------------------ owner key */

/* master seed, name, fingerprint; row-ring secret; deep-ring secrets made when first needed */
typedef struct PpdlOwner PpdlOwner;

/*
 * name: 1..63 characters of [A-Za-z0-9_.-]; PPDL_ERR_ARGUMENT for 16 hexadecimal digits, which would be taken for a
 * fingerprint
 */
PpdlStatus	ppdl_owner_generate(PpdlOwner **out, const char *name, PpdlError *err);
void		ppdl_owner_destroy(PpdlOwner *o);	/* wipes */

/*
 * A writer's key is a key of its own that knows whose writer it is: the owner `of` reads its rows, it reads none of the
 * owner's.  owner/writer.h makes its public file.
 */
PpdlStatus	ppdl_owner_generate_writer(PpdlOwner **out, const char *name, const uint8_t of[8], PpdlError *err);
const uint8_t *ppdl_owner_writes_for(const PpdlOwner *o);	/* the owner's fingerprint, 8 bytes; NULL: no writer */

/*
 * Key file: a one-line JSON header (format, version, name, fingerprint, scrypt parameters, salt, nonce), a
 * newline, then base64 of AES-256-GCM(master seed) with the header as associated data; key by scrypt
 * (N = 2^17, r = 8, p = 1).  Mode 0600.  save refuses to overwrite.  A wrong
 * passphrase or a damaged file is PPDL_ERR_KEY; an empty passphrase PPDL_ERR_ARGUMENT.
 */
PpdlStatus	ppdl_owner_save(const PpdlOwner *o, const char *path, const char *passphrase, PpdlError *err);
PpdlStatus	ppdl_owner_load(PpdlOwner **out, const char *path, const char *passphrase, PpdlError *err);
/* the same in memory: the text of a key file, appended to w (wipe it), and back */
PpdlStatus	ppdl_owner_write(const PpdlOwner *o, const char *passphrase, PpdlWriter *w, PpdlError *err);
PpdlStatus	ppdl_owner_read(PpdlOwner **out, const char *text, size_t len, const char *passphrase, PpdlError *err);
/* what needs no passphrase: the header, and that the sealed key is there and well-formed */
PpdlStatus	ppdl_owner_peek(const char *path, char name[64], char fingerprint[17], PpdlError *err);
/* the same; writes_for: of a writer's key its owner's fingerprint, else "" */
PpdlStatus	ppdl_owner_peek_writer(const char *path, char name[64], char fingerprint[17], char writes_for[17],
								   PpdlError *err);

const char *ppdl_owner_name(const PpdlOwner *o);
const uint8_t *ppdl_owner_fingerprint(const PpdlOwner *o);	/* 8 bytes: SHA-256 of the public key's wire form, cut */
/* the secret of a ring (PPDL_RING_ROW, PPDL_RING_DEEP); stays the owner's */
PpdlStatus	ppdl_owner_secret(PpdlOwner *o, uint8_t ring, const PpdlSecret **sk, PpdlError *err);
/* wire form of the public key (row ring), appended to w */
PpdlStatus	ppdl_owner_public_key(PpdlOwner *o, PpdlWriter *w, PpdlError *err);
/* wire form of one evaluation key: the same bytes each time */
PpdlStatus	ppdl_owner_eval_key(PpdlOwner *o, const PpdlKeyNeed *need, PpdlThreads *threads, PpdlWriter *w,
								PpdlError *err);

/*
 * What binds the parts of a public key to it: Ed25519 signatures (src/owner/signature.c), checked with a key that
 * whoever publishes first leaves on the server.  part: its name; len, sha256: of its bytes.  verify: PPDL_ERR_KEY.
 */
#define PPDL_VERIFY_KEY_BYTES 32
#define PPDL_SIGNATURE_BYTES 64
const uint8_t *ppdl_owner_verify_key(const PpdlOwner *o);
PpdlStatus	ppdl_owner_sign_part(const PpdlOwner *o, const char *part, uint64_t len, const uint8_t sha256[32],
								 uint8_t signature[PPDL_SIGNATURE_BYTES], PpdlError *err);
PpdlStatus	ppdl_part_verify(const uint8_t verify_key[PPDL_VERIFY_KEY_BYTES], const uint8_t fingerprint[8],
							 const char *part,
							 uint64_t len, const uint8_t sha256[32], const uint8_t signature[PPDL_SIGNATURE_BYTES],
							 PpdlError *err);

/* ------------------------------------------------------------------ public key file */

/*
 * Everything a server may have, in parts.  Part names: "public"; "row/relin", "row/galois/<d>",
 * "deep/relin", "deep/galois/<d>", "deep/bridge", "deep/to_sparse", "deep/from_sparse", and so on (parts.c).
 */
#define PPDL_PART_WRITER "writer"	/* which writers' files alone have */

/* uses: bits of PpdlUse, lower uses included */
PpdlStatus	ppdl_owner_write_public(PpdlOwner *o, const char *path, int uses, PpdlThreads *threads,
									PpdlProgress progress, void *arg, PpdlError *err);

typedef struct PpdlPublicFile PpdlPublicFile;	/* memory-mapped, read-only */
typedef struct PpdlPublicPart
{
	const char *name;
	int			use;			/* PpdlUse */
	const uint8_t *data;
	size_t		len;
	uint8_t		sha256[32];
	const uint8_t *signature;	/* PPDL_SIGNATURE_BYTES, or NULL: files of 0.1.0 have none */
	const PpdlPublicFile *file;
} PpdlPublicPart;

/* checks structure and the directory's hash */
PpdlStatus	ppdl_public_file_open(PpdlPublicFile **out, const char *path, PpdlError *err);
void		ppdl_public_file_close(PpdlPublicFile *f);
const char *ppdl_public_file_name(const PpdlPublicFile *f);
const uint8_t *ppdl_public_file_fingerprint(const PpdlPublicFile *f);
const uint8_t *ppdl_public_file_verify_key(const PpdlPublicFile *f);	/* NULL: the parts are not signed */
int			ppdl_public_file_uses(const PpdlPublicFile *f);
int			ppdl_public_file_count(const PpdlPublicFile *f);
const PpdlPublicPart *ppdl_public_file_part(const PpdlPublicFile *f, int i);
/* its sha256 and, if it has one, its signature */
PpdlStatus	ppdl_public_part_check(const PpdlPublicPart *part, PpdlError *err);

/* name of the part that holds a key, and back (0 when the name is no such part) */
void		ppdl_key_part_name(char out[64], uint8_t ring, uint32_t id);
int			ppdl_key_part_parse(const char *name, uint8_t *ring, uint32_t *id);

/* ------------------------------------------------------------------ rows and results */

/* whom decryption of packed values asks whether to go on; must outlive o; NULL: nobody */
void		ppdl_owner_set_poll(PpdlOwner *o, const PpdlPoll *poll);

/* one batch of rows; see rows/batch.h. out: rows * ppdl_slice_size(...) bytes */
PpdlStatus	ppdl_owner_encrypt(PpdlOwner *o, uint8_t *out, const double *x, int rows, int width,
							   const PpdlBatchOptions *opt, PpdlError *err);
/* can o read values under that key: its own, or one of a writer that it was given (owner/writer.h)? */
int			ppdl_owner_holds(const PpdlOwner *o, const uint8_t fingerprint[8]);
/*
 * Any lwe_cipher value that o holds the key of; PPDL_ERR_KEY naming both fingerprints when it is another owner's.  The
 * error is never below what an honest value has at least, whatever the ciphertext states.  share: add noise flooding
 * for results that leave the owner (Li and Micciancio 2021).
 */
PpdlStatus	ppdl_owner_decrypt(PpdlOwner *o, PpdlValues *out, const void *buf, size_t len, int share, PpdlError *err);

/*
 * The weights of a model that was trained on encrypted rows (one element of ppdl_models.cipher) into net, which has
 * the model's shape; rounded to what their error supports.  *declared (or NULL): the length that the model declares for
 * the weights of a unit; when ppdl_net_longest_weights is more, predictions with it may state too small an error.
 * PPDL_ERR_PRECISION when training has diverged.
 */
PpdlStatus	ppdl_owner_decrypt_model(PpdlOwner *o, PpdlNet *net, const void *buf, size_t len, double *declared,
									 PpdlError *err);
/* what the weights of a unit, its bias among them, may be in length: powers of two up to the largest */
#define PPDL_DEFAULT_WEIGHT_LENGTH 2
#define PPDL_MAX_WEIGHT_LENGTH 16
/*
 * Appends such an element with the weights of net, and `within` as the bound that the server sees, whatever the
 * weights: the owner's choice. PPDL_ERR_ARGUMENT when there are no weights, or a shape that encrypted weights cannot
 * have, or `within` is none of 1, 2, 4 .. 16; PPDL_ERR_RANGE when the weights of a unit are longer: the message, for
 * the owner alone, says what would do.
 */
PpdlStatus	ppdl_owner_encrypt_model(PpdlOwner *o, const PpdlNet *net, int within, PpdlWriter *out, PpdlError *err);

/* v rounded to the digits that the error supports, as text of less than 64 bytes ("0.1234"); NaN gives "" */
int			ppdl_format_value(char *out, size_t size, double v, double error);

#endif

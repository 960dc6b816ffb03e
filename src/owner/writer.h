/*
 * Writers (algorithms.md, 2.5): keys whose rows one owner reads.  A writer's public file is made from its secret key
 * and the owner's public file; besides its own public keys it holds switching keys to the owner's secret, for servers,
 * and its master seed, sealed to the owner, whose tools thereby read its rows as if they were their own.
 *
 * Recipients and writers' parts in writer.c, their files in public_write.c, sealed seeds in seal.c.
 */
#ifndef PPDL_OWNER_WRITER_H
#define PPDL_OWNER_WRITER_H

#include "owner/owner.h"

/* what the maker of a writer's key has of the owner */
typedef struct PpdlRecipient
{
	char		name[64];
	uint8_t		fingerprint[8];
	PpdlPublicKey *row;
	PpdlPublicSpecial *special;
	PpdlPublicKey *encapsulation;
	uint8_t		encapsulation_hash[32];	/* SHA-256 of its wire form */
} PpdlRecipient;

/*
 * From an owner's public file, each part checked.  PPDL_ERR_KEY when it was made before there were writers, or is a
 * writer's itself.  out: released with ppdl_recipient_free, also after an error
 */
PpdlStatus	ppdl_recipient_read(PpdlRecipient *out, const PpdlPublicFile *f, PpdlError *err);
/* the same from a file, which errors name */
PpdlStatus	ppdl_recipient_read_file(PpdlRecipient *out, const char *path, PpdlError *err);
void		ppdl_recipient_free(PpdlRecipient *r);

/*
 * As ppdl_owner_write_public.  writer: any key, that of a writer or, so that its rows can be used with a new key, a
 * former owner's.  Training needs no more than prediction.
 */
PpdlStatus	ppdl_writer_write_public(PpdlOwner *writer, const PpdlRecipient *to, const char *path, int uses,
									 PpdlThreads *threads, PpdlProgress progress, void *arg, PpdlError *err);
/* wire form of one part of it: the same bytes each time */
PpdlStatus	ppdl_writer_part(PpdlOwner *writer, const PpdlRecipient *to, const PpdlKeyNeed *need, PpdlThreads *threads,
							 PpdlWriter *w, PpdlError *err);

/* ------------------------------------------------------------------ part "writer" */

typedef struct PpdlWriterHead
{
	uint8_t		owner[8],		/* fingerprints */
				writer[8];
	char		name[64];		/* the writer's */
} PpdlWriterHead;

/* whose writer it is; PPDL_ERR_FORMAT */
PpdlStatus	ppdl_writer_head(PpdlWriterHead *head, const void *part, size_t len, PpdlError *err);
/* of a writer's public file; *part is NULL, without error, when it is an owner's */
PpdlStatus	ppdl_public_file_writer(const PpdlPublicFile *f, PpdlWriterHead *head, const PpdlPublicPart **part,
									PpdlError *err);
/*
 * From now on o, or that one of its writers to whom the seed was sealed, reads that writer's rows.  The same again does
 * no harm.  PPDL_ERR_KEY for what was altered or sealed to another key.
 */
PpdlStatus	ppdl_owner_add_writer(PpdlOwner *o, const void *part, size_t len, PpdlError *err);

#endif

/*
 * Sealed seeds of writers (owner/writer.h), from public files and from databases: with them an owner's key reads its
 * writers' rows.  A seed is opened when a value of its writer comes.
 */
#ifndef PPDL_OWNER_WRITER_PARTS_H
#define PPDL_OWNER_WRITER_PARTS_H

#include "owner/writer.h"

typedef struct PpdlWriterPart
{
	PpdlWriterHead head;
	uint8_t    *bytes;
	size_t		len;
} PpdlWriterPart;

/* zeroed: none */
typedef struct PpdlWriterParts
{
	PpdlWriterPart *part;
	int			count;
} PpdlWriterParts;

void		ppdl_writer_parts_free(PpdlWriterParts *w);
/* a copy of a part "writer"; PPDL_ERR_FORMAT */
PpdlStatus	ppdl_writer_parts_add(PpdlWriterParts *w, const void *bytes, size_t len, PpdlError *err);
/* of a writer's public file: PPDL_ERR_KEY for an owner's */
PpdlStatus	ppdl_writer_parts_add_file(PpdlWriterParts *w, const char *path, PpdlError *err);
/* does that writer write for that key, itself or by way of others? */
int			ppdl_writer_parts_lead(const PpdlWriterParts *w, const uint8_t writer[8], const uint8_t key[8]);
/*
 * that key (hexadecimal) and those of all who write for it, each between `quote`s, with commas between; malloc'ed, NULL
 * when out of memory
 */
char	   *ppdl_writer_parts_list(const PpdlWriterParts *w, const char *key, const char *quote);
/*
 * *owner: the one of `owners` keys that reads values under that key, with the seeds it takes opened; NULL when none
 * does.  PPDL_ERR_KEY when a seed is there that does not open.
 */
PpdlStatus	ppdl_writer_parts_owner(const PpdlWriterParts *w, PpdlOwner **key, int owners, const uint8_t fingerprint[8],
									PpdlOwner **owner, PpdlError *err);
/* opens the seeds of all writers that write for the key, which reads their rows from then on; errors as above */
PpdlStatus	ppdl_writer_parts_open(const PpdlWriterParts *w, PpdlOwner *key, PpdlError *err);

#endif

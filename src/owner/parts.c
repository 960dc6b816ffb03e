#include <stdio.h>
#include <stdlib.h>

#include "owner/owner.h"

static const struct
{
	uint8_t		ring;
	uint32_t	id;
	const char *name;
}			named[] = {
	{PPDL_RING_COMPACT, PPDL_KEY_PUBLIC, "compact/public"},
	{PPDL_RING_COMPACT, PPDL_KEY_ENCAPSULATION, "compact/encapsulation"},
	{PPDL_RING_ROW, PPDL_KEY_PUBLIC_SPECIAL, "row/public_special"},
	{PPDL_RING_ROW, PPDL_KEY_BRIDGE_COMPACT, "row/bridge_compact"},
	{PPDL_RING_ROW, PPDL_KEY_TO_OWNER, "row/to_owner"},
	{PPDL_RING_ROW, PPDL_KEY_TO_OWNER_PACKED, "row/to_owner_packed"},
	{PPDL_RING_ROW, PPDL_KEY_TO_OWNER_COMPACT, "row/to_owner_compact"},
	{PPDL_RING_ROW, PPDL_KEY_WRITER, PPDL_PART_WRITER},
	{PPDL_RING_ROW, PPDL_KEY_RELIN, "row/relin"},
	{PPDL_RING_DEEP, PPDL_KEY_RELIN, "deep/relin"},
	{PPDL_RING_DEEP, PPDL_KEY_BRIDGE, "deep/bridge"},
	{PPDL_RING_DEEP, PPDL_KEY_BRIDGE_COMPACT, "deep/bridge_compact"},
	{PPDL_RING_DEEP, PPDL_KEY_TO_SPARSE, "deep/to_sparse"},
	{PPDL_RING_DEEP, PPDL_KEY_FROM_SPARSE, "deep/from_sparse"},
};

#define NAMED (sizeof(named) / sizeof(named[0]))

void
ppdl_key_part_name(char out[64], uint8_t ring, uint32_t id)
{
	for (size_t i = 0; i < NAMED; i++)
		if (named[i].ring == ring && named[i].id == id)
		{
			snprintf(out, 64, "%s", named[i].name);
			return;
		}
	snprintf(out, 64, "%s/galois/%u", ring == PPDL_RING_ROW ? "row" : "deep", (unsigned) id);
}

int
ppdl_key_part_parse(const char *name, uint8_t *ring, uint32_t *id)
{
	char		again[64];
	unsigned	d;

	for (size_t i = 0; i < NAMED; i++)
		if (strcmp(named[i].name, name) == 0)
		{
			*ring = named[i].ring;
			*id = named[i].id;
			return 1;
		}
	if (sscanf(name, "row/galois/%7u", &d) == 1)
		*ring = PPDL_RING_ROW;
	else if (sscanf(name, "deep/galois/%7u", &d) == 1)
		*ring = PPDL_RING_DEEP;
	else
		return 0;
	*id = d;
	ppdl_key_part_name(again, *ring, *id);
	return d % 2 == 1 && strcmp(again, name) == 0;
}

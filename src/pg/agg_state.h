/*
 * States of aggregates, all of them: an expanded object around objects of the core, which transitions change in
 * place and which flattens when it travels between processes.  A kind of state is a table of callbacks; all
 * else is here: where a state lives, how functions take it, its flat form as an SQL value, what it weighs.
 *
 * The flat form is an input channel: whoever may cast text to the type, or send it in binary, chooses the bytes.
 * `load` is the one validator.  It trusts nothing, declares nothing good that could not have been saved, and
 * takes memory and time in proportion to the bytes.
 */
#ifndef PPDL_PG_AGG_STATE_H
#define PPDL_PG_AGG_STATE_H

#include "pg/ppdl.h"

#include "base/bytes.h"
#include "utils/expandeddatum.h"

typedef struct PpdlAggState PpdlAggState;

typedef struct PpdlAggKind
{
	const char *type;			/* the SQL type, or what stands for it, for messages */
	const char *contents;		/* "… are larger than 1 GB" */
	Size		size;			/* of the state's struct, whose first member is its PpdlAggState */
	/* frees what is malloc'ed; the state may be empty or half loaded, evaluators in its context are gone already */
	void		(*destroy) (PpdlAggState *state);
	/* appends the flat form; the state stays as it is */
	PpdlStatus	(*save) (PpdlAggState *state, PpdlWriter *w, PpdlError *err);
	/* fills an empty state from a flat form, which may come from anywhere */
	PpdlStatus	(*load) (PpdlAggState *state, const uint8_t *buf, size_t len, PpdlError *err);
	/* into += from, rows of from after those of into; from keeps its value */
	PpdlStatus	(*merge) (PpdlAggState *into, PpdlAggState *from, PpdlError *err);
	/* bytes held outside the state's memory context; constant time */
	size_t		(*memory) (const PpdlAggState *state);
	bool		one_context;	/* states of an aggregate live in one memory context, a share */
	/* where they have something in common, too: its bytes, in constant time, and its end */
	size_t		(*shared_memory) (const void *shared);
	void		(*shared_destroy) (void *shared);
	/* with it: the same of what groups of a query have in common that are finished one before the other */
	size_t		(*kept_memory) (const void *kept);
	void		(*kept_destroy) (void *kept);
} PpdlAggKind;

/* what an aggregate keeps until the query ends; beside its memory contexts, which come and go with its groups */
typedef struct PpdlAggQuery
{
	const PpdlAggKind *kind;
	MemoryContext context;		/* of the query, where `kept` is charged */
	struct PpdlAggShare *shares;
	uint64		shares_made;
	void	   *kept;			/* the kind's own; NULL at first */
	size_t		charged;
} PpdlAggQuery;

/*
 * What states of one aggregate share that were made in one of its memory contexts: the groups of a hash table.
 * PostgreSQL adds up all contexts below the aggregate's for each new group, so that a context a state would make it
 * quadratic.
 */
typedef struct PpdlAggShare
{
	const PpdlAggKind *kind;
	MemoryContext context;		/* of the states, below the aggregate's */
	PpdlAggQuery *query;
	PpdlAggState *states;
	void	   *shared;			/* the kind's own; NULL at first */
	size_t		charged;
	struct PpdlAggShare *next,	/* of the same aggregate, in another context */
			  **link;			/* what points here */
} PpdlAggShare;

struct PpdlAggState
{
	ExpandedObjectHeader hdr;
	const PpdlAggKind *kind;
	size_t		charged;		/* what its context has been told of `memory` */
	PpdlAggShare *share;		/* NULL: the context is the state's own */
	PpdlAggState *next;			/* of share */
	PpdlWriter	flat;			/* between flat size and flattening; empty otherwise */
};

/* an empty state, zeroed, in a context of its own below parent */
extern void *ppdl_agg_state_create(MemoryContext parent, const PpdlAggKind *kind);
/*
 * an empty state for the aggregate of this call; with a share where the kind has one and many states may come, not in
 * windows
 */
extern void *ppdl_agg_state_new(FunctionCallInfo fcinfo, const PpdlAggKind *kind);
/* where a state made in this call has to live */
extern MemoryContext ppdl_agg_state_parent(FunctionCallInfo fcinfo);
/* the state in an argument that is not NULL, to be changed: the aggregate's own, or a copy */
extern void *ppdl_agg_state_argument(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind);
/* the state in argument 0, to be changed; an empty one when it is NULL */
extern void *ppdl_agg_state_or_new(FunctionCallInfo fcinfo, const PpdlAggKind *kind);
/* a copy of the state in an argument, for the aggregate to go on with */
extern void *ppdl_agg_state_copy(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind);
/* the state in an argument, to be read only: for final functions */
extern void *ppdl_agg_state_read(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind);
/*
 * The same, for final functions declared READ_WRITE that put a state into another form: the aggregate's own, or a copy.
 * Its value must stay, since results of hashed groups may be asked for again; only after an error nobody looks at it.
 */
extern void *ppdl_agg_state_final(FunctionCallInfo fcinfo, int arg, const PpdlAggKind *kind);
/* tells PostgreSQL what the state, and what it shares, hold by now */
extern void ppdl_agg_state_charge(PpdlAggState *state);
/* the same, and makes it a result */
extern Datum ppdl_agg_state_result(PpdlAggState *state);

/* (state, state) -> state, both may be NULL */
extern Datum ppdl_agg_state_combine(FunctionCallInfo fcinfo, const PpdlAggKind *kind);

/* a type's functions */
extern Datum ppdl_agg_state_in(FunctionCallInfo fcinfo, const PpdlAggKind *kind);
extern Datum ppdl_agg_state_recv(FunctionCallInfo fcinfo, const PpdlAggKind *kind);
extern Datum ppdl_agg_state_out(FunctionCallInfo fcinfo);
extern Datum ppdl_agg_state_send(FunctionCallInfo fcinfo);

/* one C symbol for an SQL function that does what an expression over fcinfo says */
#define PPDL_SQL_FUNCTION(name, expression) \
	PG_FUNCTION_INFO_V1(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		return (expression); \
	} \
	extern Datum name(PG_FUNCTION_ARGS)

#define PPDL_AGG_STATE_TYPE(type, kind) \
	PPDL_SQL_FUNCTION(type##_in, ppdl_agg_state_in(fcinfo, kind)); \
	PPDL_SQL_FUNCTION(type##_recv, ppdl_agg_state_recv(fcinfo, kind)); \
	PPDL_SQL_FUNCTION(type##_out, ppdl_agg_state_out(fcinfo)); \
	PPDL_SQL_FUNCTION(type##_send, ppdl_agg_state_send(fcinfo))

#endif

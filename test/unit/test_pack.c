#include "rows_util.h"

#include <pthread.h>

#include "ckks/crew.h"
#include "ckks/encoder.h"
#include "ckks/keep.h"
#include "rows/collector_impl.h"
#include "rows/pack.h"
#include "rows/combine.h"
#include "rows/packed_writer.h"
#include "rows/sum.h"

/* a ring, its secret, and keys made when they are first asked for */
typedef struct Site
{
	const PpdlParams *par;
	PpdlParams *toy;
	PpdlSecret *sk;
	PpdlRng    *rng;
	PpdlPool   *pool;
	PpdlEval	ev;
	PpdlSwitchKey *key[256];		/* a rotation may be asked for at ever more limbs */
	int			keys;
	pthread_t  *calling;		/* the thread that may ask for keys, where that is tested */
} Site;

static PpdlStatus
get_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	Site	   *s = arg;

	for (int i = 0; i < s->keys; i++)
		if (s->key[i]->id == id && s->key[i]->limbs >= limbs)
		{
			*key = s->key[i];
			return PPDL_OK;
		}
	assert_int_equal(ring, s->par->id);
	assert_true(s->keys < 256);
	PPDL_TRY(ppdl_eval_key_create(&s->key[s->keys], id, s->sk, limbs, s->rng, NULL, err));
	*key = s->key[s->keys++];
	return PPDL_OK;
}

static void
site_open(Site *s, int toy_logn)
{
	memset(s, 0, sizeof(*s));
	if (toy_logn > 0)
		s->par = s->toy = test_toy_params(toy_logn);
	else
		OK(ppdl_params_get(PPDL_RING_ROW, &s->par, ERR));
	s->rng = test_rng();
	OK(ppdl_secret_create(&s->sk, s->par, s->rng, ERR));
	s->pool = ppdl_pool_create();
	OK(ppdl_eval_init(&s->ev, s->par, s->pool, NULL, ERR));
	s->ev.get_key = get_key;
	s->ev.get_key_arg = s;
}

static void
site_close(Site *s)
{
	for (int i = 0; i < s->keys; i++)
		ppdl_switch_key_destroy(s->key[i]);
	ppdl_eval_fini(&s->ev);
	ppdl_pool_destroy(s->pool);
	ppdl_secret_destroy(s->sk);
	ppdl_rng_destroy(s->rng);
	ppdl_params_destroy(s->toy);
}

/* what was collected, by ordinal */
typedef struct Expected
{
	int			width,
				count;
	double	   *x;				/* count * width */
	uint8_t    *seen;
} Expected;

static void
expect(Expected *e, const double *x)
{
	e->x = realloc(e->x, (size_t) (e->count + 1) * (size_t) e->width * sizeof(double));
	e->seen = realloc(e->seen, (size_t) e->count + 1);
	memcpy(e->x + (size_t) e->count * (size_t) e->width, x, (size_t) e->width * sizeof(double));
	e->seen[e->count++] = 0;
}

static void
expect_free(Expected *e)
{
	free(e->x);
	free(e->seen);
}

static int
add(Site *s, PpdlCollector *col, const uint8_t *slice, size_t size, uint32_t ordinal)
{
	PpdlCipher	c;
	int			complete;

	OK(ppdl_cipher_parse_in(&c, s->par, slice, size, ERR));
	OK(ppdl_collector_add(col, &c, ordinal, &complete, ERR));
	return complete;
}

/*
 * every coefficient of a packed ciphertext: the rows' values, zero elsewhere. Returns the rms error in standard
 * deviations.
 */
static double
check_packed(Site *s, const PpdlPacked *p, Expected *e, double slice_scale)
{
	const int	d = s->par->logn - p->logk;
	double	   *phase = malloc(s->par->n * sizeof(double)),
			   *want = calloc(s->par->n, sizeof(double));
	double		squares = 0,
				worst = 0;
	uint32_t	rows = 0;

	assert_true(fabs(p->ct.scale / ldexp(slice_scale, d) - 1) < 1e-12);
	for (uint32_t at = 0; at < 1u << d; at++)
	{
		uint32_t	o = p->ordinal[at];

		if (o == PPDL_NO_PLACE)
			continue;
		assert_true(o < (uint32_t) e->count && !e->seen[o]);
		e->seen[o] = 1;
		rows++;
		for (int f = 0; f < e->width; f++)
			want[ppdl_bitrev(at, d) + ((size_t) f << d)] = e->x[o * (uint32_t) e->width + (uint32_t) f];
	}
	assert_int_equal(rows, p->rows);
	OK(ppdl_decrypt_coeffs(&s->ev, &p->ct, s->sk, phase, ERR));
	for (size_t i = 0; i < s->par->n; i++)
	{
		double		diff = fabs(phase[i] - want[i] * p->ct.scale) / p->ct.noise;

		squares += diff * diff;
		worst = fmax(worst, diff);
	}
	/* rounding of the encoder counts half a unit of the slice's scale */
	if (!(worst < 9))
		fail_msg("coefficient off by %g estimated deviations", worst);
	free(phase);
	free(want);
	return sqrt(squares / (double) s->par->n);
}

static int
pack_all(Site *s, PpdlCollector *col, Expected *e, double scale)
{
	int			found,
				packed = 0;
	PpdlPacked	p;

	for (;;)
	{
		double		rms;

		OK(ppdl_pack_next(&s->ev, col, &p, &found, ERR));
		if (!found)
			break;
		rms = check_packed(s, &p, e, scale);
		/* the estimate is the worst coefficient's: far below it would waste precision, above would lie */
		if (!(rms < 1.3))
			fail_msg("rms error is %g times the estimate", rms);
		ppdl_packed_release(&s->ev, &p);
		packed++;
	}
	assert_int_equal(ppdl_collector_rows(col), 0);
	for (int i = 0; i < e->count; i++)
		assert_true(e->seen[i]);
	return packed;
}

static void
shuffle(int *v, int n)
{
	for (int i = n - 1; i > 0; i--)
	{
		int			j = test_below(i + 1),
					t = v[i];

		v[i] = v[j];
		v[j] = t;
	}
}

/* random subsets of batches of several capacities, in random order, some rows twice */
static void
random_subsets(Site *s, int width, int limbs, int batches, int percent)
{
	Expected	e = {.width = width};
	PpdlCollector *col;
	TestBatch  *t = malloc((size_t) batches * sizeof(*t));
	int		   *order,
				rows = 0,
				n = 0;

	for (int i = 0; i < batches; i++)
	{
		int			logc = test_below(s->par->logn - ppdl_log2_width(width) + 1);

		t[i] = test_batch(s->sk, s->rng, 1 << logc, width, logc, limbs, 30);
		rows += t[i].rows;
	}
	order = malloc((size_t) rows * sizeof(int));
	for (int i = 0; i < rows; i++)
		order[i] = i;
	shuffle(order, rows);
	OK(ppdl_collector_create(&col, limbs, ERR));
	for (int i = 0; i < rows; i++)
	{
		int			b = 0,
					row = order[i];

		while (row >= t[b].rows)
			row -= t[b++].rows;
		if (test_below(100) >= percent)
			continue;
		for (int times = test_below(10) == 0 ? 2 : 1; times > 0; times--)
		{
			add(s, col, test_slice(&t[b], row), t[b].size, (uint32_t) e.count);
			expect(&e, t[b].x + row * width);
		}
	}
	assert_int_equal(ppdl_collector_rows(col), e.count);
	n = pack_all(s, col, &e, 0x1p30);
	assert_true(n >= (e.count + (1 << (s->par->logn - ppdl_log2_width(width))) - 1) >> (s->par->logn - ppdl_log2_width(width)));
	ppdl_collector_destroy(col);
	for (int i = 0; i < batches; i++)
		test_batch_free(&t[i]);
	free(t);
	free(order);
	expect_free(&e);
}

static void
test_toy_subsets(void **state)
{
	static const int percent[] = {3, 30, 70, 100};
	static const int width[] = {1, 3, 4, 16, 60};
	Site		s;

	site_open(&s, 8);
	for (int round = 0; round < 3; round++)
		for (int p = 0; p < 4; p++)
			for (int w = 0; w < 5; w++)
				random_subsets(&s, width[w], 2 + test_below(7), 1 + test_below(5), percent[p]);
	site_close(&s);
}

/* a complete batch with C*k = N takes no key, and rows come out in order */
static void
test_complete(void **state)
{
	Site		s;
	TestBatch	t;
	PpdlCollector *col;
	Expected	e = {.width = 16};
	PpdlPacked	p;
	int			found;
	int			order[1024];

	site_open(&s, 0);
	t = test_batch(s.sk, s.rng, 1024, 16, 10, s.par->nq, 30);
	OK(ppdl_collector_create(&col, s.par->nq, ERR));
	for (int i = 0; i < 1024; i++)
	{
		order[i] = i;
		expect(&e, t.x + i * 16);
	}
	shuffle(order, 1024);
	for (int i = 0; i < 1024; i++)
		assert_int_equal(add(&s, col, test_slice(&t, order[i]), t.size, (uint32_t) order[i]), i == 1023);
	OK(ppdl_pack_complete(&s.ev, col, &p, &found, ERR));
	assert_true(found);
	assert_int_equal(s.ev.keyswitches, 0);
	for (uint32_t i = 0; i < 1024; i++)
		assert_int_equal(p.ordinal[i], i);
	check_packed(&s, &p, &e, 0x1p30);
	ppdl_packed_release(&s.ev, &p);
	OK(ppdl_pack_complete(&s.ev, col, &p, &found, ERR));
	assert_false(found);
	assert_int_equal(ppdl_collector_rows(col), 0);
	ppdl_collector_destroy(col);
	test_batch_free(&t);
	expect_free(&e);
	site_close(&s);
}

#define CREW_BATCHES 4
#define CREW_ROWS 32

/* several packings and what becomes of them */
typedef struct Crew
{
	int			count;
	PpdlPacking *packing[8];
	PpdlEval   *ev[8];
	PpdlPacked	out[8];
} Crew;

static PpdlStatus
run_packing(void *arg, int i, PpdlEval *ev, PpdlError *err)
{
	Crew	   *c = arg;

	c->ev[i] = ev;
	return ppdl_packing_run(c->packing[i], ev, &c->out[i], err);
}

static void
choose_all(Crew *c, PpdlCollector *col)
{
	memset(c, 0, sizeof(*c));
	for (;;)
	{
		assert_true(c->count < 8);
		OK(ppdl_packing_choose(&c->packing[c->count], col, 1, ERR));
		if (c->packing[c->count] == NULL)
			return;
		c->count++;
	}
}

static void
end_all(Crew *c, int packed)
{
	for (int i = 0; i < c->count; i++)
	{
		if (c->ev[i] != NULL)
			ppdl_packed_release(c->ev[i], &c->out[i]);
		ppdl_packing_end(c->packing[i], packed);
	}
}

/* whole batches but for every third row of one */
static PpdlCollector *
collect(Site *s, const TestBatch *t)
{
	PpdlCollector *col;
	uint32_t	ordinal = 0;

	OK(ppdl_collector_create(&col, 2, ERR));
	for (int b = 0; b < CREW_BATCHES; b++)
		for (int i = 0; i < CREW_ROWS; i++)
			if (b != 1 || i % 3 != 0)
				add(s, col, test_slice(&t[b], i), t[b].size, ordinal++);
	assert_int_equal(ppdl_collector_complete(col), CREW_BATCHES - 1);
	return col;
}

static void
check_same_packed(const PpdlPacked *x, const PpdlPacked *y, const PpdlParams *par)
{
	const size_t bytes = (size_t) x->ct.limbs * par->n * sizeof(uint64_t);

	assert_int_equal(x->ct.limbs, y->ct.limbs);
	assert_memory_equal(x->ct.b, y->ct.b, bytes);
	assert_memory_equal(x->ct.a, y->ct.a, bytes);
	assert_memory_equal(x->ordinal, y->ordinal, (par->n >> x->logk) * sizeof(uint32_t));
	assert_true(x->ct.scale == y->ct.scale && x->ct.noise == y->ct.noise && x->ct.bound == y->ct.bound);
}

static PpdlStatus
no_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_KEY, "no key %u", id);
}

static int
stop_at_once(void *arg)
{
	return 1;
}

/* a key source and interrupts are the calling thread's alone */
static PpdlStatus
get_key_here(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	assert_true(pthread_equal(pthread_self(), *((const Site *) arg)->calling));
	return get_key(arg, ring, id, limbs, key, err);
}

/*
 * packings by one, two and three threads are the same to the last bit; errors and interrupts leave the rows where they
 * are
 */
static void
test_crew(void **state)
{
	Site		s;
	TestBatch	t[CREW_BATCHES];
	PpdlCollector *first,
			   *col;
	Crew		want,
				c;
	pthread_t	self = pthread_self();
	uint64_t	switches;

	site_open(&s, 9);
	s.calling = &self;
	for (int b = 0; b < CREW_BATCHES; b++)
		t[b] = test_batch(s.sk, s.rng, CREW_ROWS, 16, 5, 2, 30);
	first = collect(&s, t);
	choose_all(&want, first);
	assert_int_equal(want.count, CREW_BATCHES);
	OK(ppdl_crew_run(NULL, &s.ev, want.count, run_packing, &want, ERR));
	switches = s.ev.keyswitches;
	assert_true(switches > 0);
	for (int threads = 1; threads <= 3; threads++)
	{
		PpdlCrew   *crew;

		OK(ppdl_crew_create(&crew, threads, ERR));
		assert_int_equal(ppdl_crew_threads(crew), threads);
		col = collect(&s, t);

		s.ev.get_key = no_key;
		choose_all(&c, col);
		FAILS(PPDL_ERR_KEY, ppdl_crew_run(crew, &s.ev, c.count, run_packing, &c, ERR));
		end_all(&c, 0);

		s.ev.get_key = get_key_here;
		s.ev.interrupted = stop_at_once;
		choose_all(&c, col);
		FAILS(PPDL_ERR_CANCELED, ppdl_crew_run(crew, &s.ev, c.count, run_packing, &c, ERR));
		end_all(&c, 0);
		s.ev.interrupted = NULL;

		s.ev.keyswitches = 0;
		choose_all(&c, col);
		assert_int_equal(c.count, want.count);
		OK(ppdl_crew_run(crew, &s.ev, c.count, run_packing, &c, ERR));
		assert_int_equal(s.ev.keyswitches, switches);
		for (int i = 0; i < c.count; i++)
			check_same_packed(&c.out[i], &want.out[i], s.par);
		end_all(&c, 1);
		assert_int_equal(ppdl_collector_rows(col), 0);
		ppdl_collector_destroy(col);
		ppdl_crew_destroy(crew);
	}
	end_all(&want, 1);
	ppdl_collector_destroy(first);
	for (int b = 0; b < CREW_BATCHES; b++)
		test_batch_free(&t[b]);
	site_close(&s);
}

/* rows [100,900) of 1024 are eight full classes: 4, 8, 16, 128, 256, 256, 128, 4 */
static void
test_contiguous(void **state)
{
	static const size_t blocks[PPDL_MAX_HEIGHT] = {[2] = 2,[3] = 1,[4] = 1,[7] = 2,[8] = 2};
	Site		s;
	TestBatch	t;
	PpdlCollector *col;
	Expected	e = {.width = 16};

	site_open(&s, 0);
	t = test_batch(s.sk, s.rng, 1024, 16, 10, 2, 30);
	OK(ppdl_collector_create(&col, 2, ERR));
	for (int i = 100; i < 900; i++)
	{
		add(&s, col, test_slice(&t, i), t.size, (uint32_t) e.count);
		expect(&e, t.x + i * 16);
	}
	OK(ppdl_collector_plan(col, ERR));
	for (int h = 0; h < PPDL_MAX_HEIGHT; h++)
		assert_int_equal(col->blocks[h].count, blocks[h]);
	assert_int_equal(pack_all(&s, col, &e, 0x1p30), 1);
	/* seven merges of two and three of one */
	assert_int_equal(s.ev.keyswitches, 10);
	ppdl_collector_destroy(col);
	test_batch_free(&t);
	expect_free(&e);
	site_close(&s);
}

/*
 * which rows are there: every second, every second pair, all but every third, one of seven, of chance: a half, a tenth;
 * every third, all but every fifth, so that batches leave room for one another; a half without order, always the same
 */
static int
is_there(int pattern, int i)
{
	uint64_t	z = (uint64_t) i * 0x9E3779B97F4A7C15u;

	switch (pattern)
	{
		case 0:
			return i % 2 == 0;
		case 1:
			return i / 2 % 2 == 1;
		case 2:
			return i % 3 != 0;
		case 3:
			return i % 7 == 4;
		case 4:
			return test_below(2);
		case 5:
			return test_below(10) == 0;
		case 6:
			return i % 3 == 1;
		case 7:
			return i % 5 != 2;
		default:
			z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
			return z >> 40 & 1;
	}
}

#define MOST_BATCHES 3

/* rows of that pattern of some batches, packed together; returns the key switches */
static uint64_t
pack_pattern(Site *s, int pattern, int width, int batches)
{
	const int	logc = s->par->logn - ppdl_log2_width(width);
	TestBatch	t[MOST_BATCHES];
	PpdlCollector *col;
	Expected	e = {.width = width};
	const uint64_t before = s->ev.keyswitches;

	OK(ppdl_collector_create(&col, 2, ERR));
	for (int b = 0; b < batches; b++)
	{
		t[b] = test_batch(s->sk, s->rng, 1 << logc, width, logc, 2, 30);
		for (int i = 0; i < t[b].rows; i++)
			if (is_there(pattern, b * t[b].rows + i))
			{
				add(s, col, test_slice(&t[b], i), t[b].size, (uint32_t) e.count);
				expect(&e, t[b].x + i * width);
			}
	}
	pack_all(s, col, &e, 0x1p30);
	ppdl_collector_destroy(col);
	for (int b = 0; b < batches; b++)
		test_batch_free(&t[b]);
	expect_free(&e);
	return s->ev.keyswitches - before;
}

/* blocks of one batch share their key switches, and so do batches whose rows leave room for one another */
static void
test_windows(void **state)
{
	static const struct
	{
		int			pattern,
					batches;
		uint64_t	most;
	}			round[] = {{0, 2, 19}, {1, 2, 11}, {2, 2, 148}, {3, 2, 100}, {6, 3, 37}, {4, 2, UINT64_MAX}};
	Site		s;

	site_open(&s, 0);
	for (size_t i = 0; i < sizeof(round) / sizeof(round[0]); i++)
	{
		uint64_t	switches = pack_pattern(&s, round[i].pattern, 16, round[i].batches);

		print_message("pattern %d: %d key switches\n", round[i].pattern, (int) switches);
		assert_true(switches <= round[i].most);
	}
	site_close(&s);
}

/* runs of equal multipliers of several lengths, and whole polynomials; rows that stay where they lie */
static void
test_toy_patterns(void **state)
{
	static const int width[] = {2, 4, 8, 16};
	Site		s;

	site_open(&s, 11);
	for (int pattern = 0; pattern < 8; pattern++)
		for (int w = 0; w < 4; w++)
			pack_pattern(&s, pattern, width[w], pattern < 6 ? 2 : 3);
	site_close(&s);
}

/* rows of three batches that are planned to stay where they lie are planned again when a packing is given up */
static void
test_in_place(void **state)
{
	Site		s;
	TestBatch	t[MOST_BATCHES];
	Crew		c;
	PpdlCollector *col;
	Expected	e = {.width = 4};

	site_open(&s, 11);
	OK(ppdl_collector_create(&col, 2, ERR));
	for (int b = 0; b < MOST_BATCHES; b++)
	{
		t[b] = test_batch(s.sk, s.rng, 512, 4, 9, 2, 30);
		for (int i = 0; i < 512; i++)
			if (is_there(7, b * 512 + i))
			{
				add(&s, col, test_slice(&t[b], i), t[b].size, (uint32_t) e.count);
				expect(&e, t[b].x + i * 4);
			}
	}
	for (int round = 0; round < 2; round++)
	{
		uint32_t	rows = 0;

		choose_all(&c, col);
		assert_int_equal(c.count, 3);
		for (int i = 0; i < c.count; i++)
			OK(run_packing(&c, i, &s.ev, ERR));
		/* two are full, and the third takes what is left */
		assert_int_equal(c.out[0].rows, 512);
		assert_int_equal(c.out[1].rows, 512);
		for (int i = 0; i < c.count && round == 1; i++)
			check_packed(&s, &c.out[i], &e, 0x1p30);
		for (int i = 0; i < c.count; i++)
			rows += c.out[i].rows;
		assert_int_equal(rows, e.count);
		end_all(&c, round);
	}
	assert_int_equal(ppdl_collector_rows(col), 0);
	ppdl_collector_destroy(col);
	for (int b = 0; b < MOST_BATCHES; b++)
		test_batch_free(&t[b]);
	expect_free(&e);
	site_close(&s);
}

/*
 * Rows that would stay behind need as many key switches as their whole batches: in place, three of these batches take
 * more, and a ciphertext more
 */
static void
test_not_in_place(void **state)
{
	Site		s;
	Crew		c;
	PpdlCollector *col;
	uint32_t	rows = 0;

	site_open(&s, 11);
	OK(ppdl_collector_create(&col, 2, ERR));
	for (int b = 0; b < 4; b++)
	{
		TestBatch	t = test_batch(s.sk, s.rng, 128, 16, 7, 2, 30);

		for (int i = 0; i < 128; i++)
			if ((uint32_t) (b * 128 + i) * 2654435761u >> 15 & 1)
				add(&s, col, test_slice(&t, i), t.size, rows++);
		test_batch_free(&t);
	}
	assert_int_equal(rows, 256);
	choose_all(&c, col);
	assert_int_equal(c.count, 2);
	end_all(&c, 0);
	ppdl_collector_destroy(col);
	site_close(&s);
}

static int	questions_left;

static int
stop_later(void *arg)
{
	return questions_left-- == 0;
}

/* wherever an interrupt comes: nothing is left in the pool, and the rows stay */
static void
interrupt(int step, int least)
{
	const uint64_t rows = (uint64_t) ((511 + step) / step);
	Site		s;
	TestBatch	t;
	PpdlCollector *col;
	PpdlPacked	p;
	PpdlStatus	status;
	PpdlError	err;
	int			found,
				stops = -1;

	site_open(&s, 11);
	t = test_batch(s.sk, s.rng, 512, 4, 9, 2, 30);
	OK(ppdl_collector_create(&col, 2, ERR));
	for (int i = 0; i < 512; i += step)
		add(&s, col, test_slice(&t, i), t.size, (uint32_t) i);
	s.ev.interrupted = stop_later;
	while (questions_left = ++stops, (status = ppdl_pack_next(&s.ev, col, &p, &found, &err)) != PPDL_OK)
	{
		assert_int_equal(status, PPDL_ERR_CANCELED);
		assert_int_equal(ppdl_collector_rows(col), rows);
		ppdl_pool_trim(s.pool);
		assert_int_equal(ppdl_pool_bytes(s.pool), 0);
	}
	print_message("stopped %d times\n", stops);
	assert_true(stops >= least && found);
	ppdl_packed_release(&s.ev, &p);
	ppdl_collector_destroy(col);
	test_batch_free(&t);
	site_close(&s);
}

/* windows, some of which wait; rows that stay where they lie */
static void
test_interrupted(void **state)
{
	interrupt(7, 20);
	interrupt(2, 10);
}

#define PLANNED_BATCHES 60

/* rows by pattern of many batches, all of which are those of the first under other seeds: nothing is decrypted */
static void
add_batches(Site *s, PpdlCollector *col, int width, int pattern)
{
	const int	logc = s->par->logn - ppdl_log2_width(width);
	TestBatch	t = test_batch(s->sk, s->rng, 1 << logc, width, logc, 2, 30);
	int			complete;

	for (int i = 0; i < PLANNED_BATCHES * t.rows; i++)
	{
		PpdlCipher	c;
		uint8_t		seed[PPDL_SEED_BYTES];

		OK(ppdl_cipher_parse_in(&c, s->par, test_slice(&t, i % t.rows), t.size, ERR));
		memcpy(seed, c.seed, sizeof(seed));
		seed[0] ^= (uint8_t) (i / t.rows);
		c.seed = seed;
		if (is_there(pattern, i))
			OK(ppdl_collector_add(col, &c, (uint32_t) i, &complete, ERR));
	}
	test_batch_free(&t);
}

/* ciphertexts of rows where they lie, in which no place is taken twice */
static int
count_in_place(const PpdlCollector *col)
{
	int			n = 0;

	for (const PpdlInPlace *rows = col->in_place; rows != NULL; rows = rows->next, n++)
	{
		uint8_t		taken[1 << PPDL_KEEP_MOST_PLACES] = {0};

		for (uint32_t i = 0; i < rows->count; i++)
			assert_int_equal(taken[rows->placed[i].at]++, 0);
	}
	return n;
}

/* every third row of many batches: between any two of them planning may be canceled */
static void
test_planning_interrupted(void **state)
{
	const PpdlPoll poll = {stop_later};
	Site		s;
	PpdlCollector *col;
	PpdlStatus	status;
	PpdlError	err;
	int			stops = -1,
				n;

	site_open(&s, 11);
	OK(ppdl_collector_create(&col, 2, ERR));
	add_batches(&s, col, 4, 6);
	ppdl_collector_set_poll(col, &poll);
	while (questions_left = ++stops, (status = ppdl_collector_plan(col, &err)) != PPDL_OK)
		assert_int_equal(status, PPDL_ERR_CANCELED);
	n = count_in_place(col);
	print_message("stopped %d times; %d ciphertexts of rows where they lie\n", stops, n);
	/* sorted, and cut into blocks; and once for each ciphertext that is looked for */
	assert_true(n > 0 && stops >= 2 * PLANNED_BATCHES + n);
	ppdl_collector_destroy(col);
	site_close(&s);
}

/*
 * half of the rows of 32 values: seven eighths of a ciphertext can be filled where rows lie, for little less than
 * windows take, but what follows would be done eight times for seven; 14 ciphertexts if free places cost nothing
 */
static void
test_free_places(void **state)
{
	Site		s;
	PpdlCollector *col;

	site_open(&s, 0);
	OK(ppdl_collector_create(&col, 2, ERR));
	add_batches(&s, col, 32, 8);
	OK(ppdl_collector_plan(col, ERR));
	assert_true(count_in_place(col) <= 3);
	ppdl_collector_destroy(col);
	site_close(&s);
}

/* rows scattered over several batches at the row ring's parameters */
static void
test_row_subsets(void **state)
{
	Site		s;

	site_open(&s, 0);
	random_subsets(&s, 200, 8, 3, 40);
	random_subsets(&s, 100, 1, 2, 20);
	site_close(&s);
}

/* save, load, merge; explicit rows beside slices */
static void
test_states(void **state)
{
	Site		s;
	TestBatch	t;
	PpdlCollector *col[2],
			   *loaded;
	Expected	e = {.width = 1000};
	PpdlWriter	w,
				row;
	PpdlCipher	c;
	double		x[1000];
	int			complete;

	site_open(&s, 0);
	t = test_batch(s.sk, s.rng, 16, 1000, 4, 2, 30);
	for (int i = 0; i < 2; i++)
		OK(ppdl_collector_create(&col[i], 2, ERR));
	for (int i = 0; i < 7; i++)
	{
		add(&s, col[0], test_slice(&t, i), t.size, (uint32_t) e.count);
		expect(&e, t.x + i * 1000);
	}
	/* an explicit row: row 0 minus row 1, over 2 */
	{
		PpdlCipher	a,
					b;

		OK(ppdl_cipher_parse(&a, test_slice(&t, 0), t.size, ERR));
		OK(ppdl_cipher_parse(&b, test_slice(&t, 1), t.size, ERR));
		ppdl_writer_init(&row);
		OK(ppdl_cipher_combine(&row, &a, 1, &b, -1, ERR));
		for (int f = 0; f < 1000; f++)
			x[f] = t.x[f] - t.x[1000 + f];
	}
	OK(ppdl_cipher_parse(&c, row.buf, row.len, ERR));
	OK(ppdl_collector_add(col[1], &c, 0, &complete, ERR));
	for (int i = 7; i < 13; i++)
		add(&s, col[1], test_slice(&t, i), t.size, (uint32_t) (i - 6));
	expect(&e, x);
	for (int i = 7; i < 13; i++)
		expect(&e, t.x + i * 1000);

	ppdl_writer_init(&w);
	OK(ppdl_collector_save(col[1], &w, ERR));
	for (size_t len = 0; len < w.len; len += len < 300 ? 1 : 9973)
		assert_int_not_equal(ppdl_collector_load(&loaded, w.buf, len, ERR), PPDL_OK);
	OK(ppdl_collector_load(&loaded, w.buf, w.len, ERR));
	assert_int_equal(ppdl_collector_rows(loaded), 7);
	OK(ppdl_collector_merge(col[0], loaded, 7, ERR));
	ppdl_collector_destroy(loaded);
	assert_int_equal(ppdl_collector_rows(col[0]), 14);
	pack_all(&s, col[0], &e, 0x1p30);
	for (int i = 0; i < 2; i++)
		ppdl_collector_destroy(col[i]);
	ppdl_writer_free(&w);
	ppdl_writer_free(&row);
	test_batch_free(&t);
	expect_free(&e);
	site_close(&s);
}

static void
test_refusals(void **state)
{
	Site		s;
	TestBatch	t,
				narrow,
				big;
	PpdlCollector *col;
	PpdlPacked	p;
	PpdlCipher	c;
	int			complete,
				found;

	site_open(&s, 0);
	t = test_batch(s.sk, s.rng, 1, 4, 2, 1, 30);
	narrow = test_batch(s.sk, s.rng, 1, 2, 2, 1, 30);
	big = test_batch(s.sk, s.rng, 1, 4, 2, 1, 40);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_collector_create(&col, 0, ERR));
	OK(ppdl_collector_create(&col, 8, ERR));
	OK(ppdl_cipher_parse(&c, t.slice, t.size, ERR));
	FAILS(PPDL_ERR_LEVEL, ppdl_collector_add(col, &c, 0, &complete, ERR));
	assert_non_null(strstr(test_error.hint, "Compact"));
	ppdl_collector_destroy(col);
	OK(ppdl_collector_create(&col, 1, ERR));
	OK(ppdl_pack_next(&s.ev, col, &p, &found, ERR));
	assert_false(found);
	OK(ppdl_collector_add(col, &c, 0, &complete, ERR));
	OK(ppdl_cipher_parse(&c, narrow.slice, narrow.size, ERR));
	FAILS(PPDL_ERR_SCALE, ppdl_collector_add(col, &c, 0, &complete, ERR));
	OK(ppdl_cipher_parse(&c, big.slice, big.size, ERR));
	FAILS(PPDL_ERR_SCALE, ppdl_collector_add(col, &c, 0, &complete, ERR));
	ppdl_collector_destroy(col);
	/* 2^40 * 2^12 has no room in 50 bits */
	OK(ppdl_collector_create(&col, 1, ERR));
	OK(ppdl_collector_add(col, &c, 0, &complete, ERR));
	FAILS(PPDL_ERR_RANGE, ppdl_pack_next(&s.ev, col, &p, &found, ERR));
	assert_int_equal(ppdl_collector_rows(col), 1);
	ppdl_collector_destroy(col);
	test_batch_free(&t);
	test_batch_free(&narrow);
	test_batch_free(&big);
	site_close(&s);
}

/* what a server may write into the header of an explicit row: packed as it is, or an error; estimates stay finite */
static void
test_estimates(void **state)
{
	static const double head[][3] = {	/* scale, noise, bound */
		{0x1p30, 1, 1}, {0x1p1000, 0, 0}, {0x1p1000, 0x1p1000, 0}, {0x1p30, 0x1.8p999, 1},
		{0x1p-1000, 0x1p1000, 0x1p1000}, {0x1p-1000, 0, 0}
	};
	Site		s;
	TestBatch	t;
	PpdlWriter	row;
	PpdlCipher	c;

	site_open(&s, 0);
	t = test_batch(s.sk, s.rng, 2, 4000, 2, 1, 30);
	ppdl_writer_init(&row);
	OK(ppdl_cipher_parse(&c, test_slice(&t, 0), t.size, ERR));
	OK(ppdl_cipher_combine(&row, &c, 1, NULL, 0, ERR));
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
	{
		PpdlCollector *col;
		PpdlPacked	p;
		PpdlStatus	status;
		int			complete,
					found;

		memcpy(row.buf + 16, &head[i][0], 8);
		memcpy(row.buf + 24, &head[i][1], 16);
		OK(ppdl_cipher_parse(&c, row.buf, row.len, ERR));
		OK(ppdl_collector_create(&col, 1, ERR));
		for (uint32_t r = 0; r < 3; r++)
			OK(ppdl_collector_add(col, &c, r, &complete, ERR));
		status = ppdl_pack_next(&s.ev, col, &p, &found, ERR);
		print_message("scale %g, noise %g, bound %g: %s\n", head[i][0], head[i][1], head[i][2],
					  ppdl_status_name(status));
		assert_true(status == PPDL_OK || (status == PPDL_ERR_RANGE && i > 0));
		if (status == PPDL_OK)
		{
			assert_true(isfinite(p.ct.scale) && isfinite(p.ct.noise) && isfinite(p.ct.bound));
			ppdl_packed_release(&s.ev, &p);
		}
		ppdl_collector_destroy(col);
	}
	ppdl_writer_free(&row);
	test_batch_free(&t);
	site_close(&s);
}

/* packed values as written and decrypted; rows that are NULL keep their place */
static void
test_writer(void **state)
{
	Site		s;
	TestBatch	t[2];
	PpdlCollector *col;
	PpdlPackedWriter *pw;
	PpdlWriter	w;
	PpdlCipher	c;
	PpdlValues	v;
	PpdlPacked	p;
	int			found;

	site_open(&s, 0);
	t[0] = test_batch(s.sk, s.rng, 8, 1500, 3, 8, 28);
	t[1] = test_batch(s.sk, s.rng, 4, 1500, 3, 8, 28);
	OK(ppdl_collector_create(&col, 8, ERR));
	for (int i = 0; i < 12; i++)
		add(&s, col, test_slice(&t[i / 8], i % 8), t[0].size, (uint32_t) (2 * i + 1));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, 1500, 10, test_fp, ERR));
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, 1500, 11, test_fp, ERR));
	ppdl_writer_init(&w);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_packed_writer_finish(pw, 1, &w, ERR));
	for (int chunks = 0;; chunks++)
	{
		OK(ppdl_pack_next(&s.ev, col, &p, &found, ERR));
		if (!found)
		{
			assert_int_equal(chunks, 2);
			break;
		}
		OK(ppdl_packed_writer_add(pw, &s.ev, &p.ct, p.ordinal, ERR));
		ppdl_packed_release(&s.ev, &p);
	}
	FAILS(PPDL_ERR_INTERNAL, ppdl_packed_writer_finish(pw, 23, &w, ERR));
	OK(ppdl_packed_writer_finish(pw, 25, &w, ERR));
	OK(ppdl_cipher_validate(w.buf, w.len, ERR));
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	assert_int_equal(c.kind, PPDL_KIND_PACKED);
	assert_int_equal(c.limbs, 1);
	assert_int_equal(c.nrows, 25);
	assert_int_equal(c.nchunks, 2);
	OK(ppdl_cipher_decrypt(&v, &c, s.sk, ERR));
	assert_int_equal(v.nrows, 25);
	assert_true(v.error < 1e-6);
	for (int i = 0; i < 25; i++)
		for (int f = 0; f < 1500; f++)
		{
			const double *got = ppdl_values_row(&v, (uint32_t) i);

			if (i % 2 == 0)
				assert_null(got);
			else if (!(fabs(got[f] - t[i / 16].x[i % 16 / 2 * 1500 + f]) < 8 * v.error))
				fail_msg("row %d, value %d: %g", i, f, got[f]);
		}
	ppdl_values_free(&v);
	/* a place beyond the chunk or the chunks is refused */
	w.buf[56 + 4] ^= 8;
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	w.buf[56 + 4] ^= 8;
	w.buf[56 + 6] ^= 2;
	FAILS(PPDL_ERR_FORMAT, ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	ppdl_packed_writer_destroy(pw);
	ppdl_writer_free(&w);
	ppdl_collector_destroy(col);
	test_batch_free(&t[0]);
	test_batch_free(&t[1]);
	site_close(&s);
}

/* what a chunk states is checked before it is written: bounds without room, and a bound of 0, which stands for zeros */
static void
test_writer_bounds(void **state)
{
	uint32_t	ordinal[8] = {0, PPDL_NO_PLACE, PPDL_NO_PLACE, PPDL_NO_PLACE, PPDL_NO_PLACE, PPDL_NO_PLACE,
		PPDL_NO_PLACE, PPDL_NO_PLACE};
	Site		s;
	PpdlPackedWriter *pw;
	PpdlWriter	w;
	PpdlCipher	c;
	PpdlValues	v;
	PpdlPt		pt;
	PpdlCt		ct;
	int64_t    *m;

	site_open(&s, 0);
	m = calloc(s.par->n, sizeof(*m));
	OK(ppdl_pt_alloc(&s.ev, &pt, 2, ERR));
	OK(ppdl_encode_coeffs(s.par, &pt, m, 0x1p30, 2, ERR));
	OK(ppdl_encrypt_secret(&s.ev, &ct, &pt, s.sk, s.rng, ERR));
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, 1500, 11, test_fp, ERR));
	for (int i = 0; i < 3; i++)
	{
		ct.bound = i == 0 ? 0x1p59 : i == 1 ? INFINITY : NAN;
		FAILS(PPDL_ERR_RANGE, ppdl_packed_writer_add(pw, &s.ev, &ct, ordinal, ERR));
	}
	ct.bound = 0;
	OK(ppdl_packed_writer_add(pw, &s.ev, &ct, ordinal, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_packed_writer_finish(pw, 1, &w, ERR));
	OK(ppdl_cipher_validate(w.buf, w.len, ERR));
	OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
	assert_true(c.bound == 0);
	OK(ppdl_cipher_decrypt(&v, &c, s.sk, ERR));
	assert_true(v.error < 1e-8);
	for (int f = 0; f < 1500; f++)
		assert_true(fabs(v.v[f]) < 8 * v.error);
	ppdl_values_free(&v);
	ppdl_writer_free(&w);
	ppdl_packed_writer_destroy(pw);
	ppdl_ct_release(&s.ev, &ct);
	ppdl_pt_release(&s.ev, &pt);
	free(m);
	site_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_toy_subsets),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_crew),
		cmocka_unit_test(test_contiguous),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_toy_patterns),
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_not_in_place),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_planning_interrupted),
		cmocka_unit_test(test_free_places),
		cmocka_unit_test(test_row_subsets),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_estimates),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_writer_bounds),
	};

	test_seed("test_pack");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The agreement by which all ranks of a serving engine install a plan at one pass, for the model checker spin.
 *
 * What is modelled, and the sources that it must agree with:
 *   - the engine: ranks make passes together, because every pass has a collective; each rank begins a pass with
 *     tick() (resources/engines/moescope_engine/consent.py);
 *   - beside it on every rank the thread of the agreement: the lead proposes a pass that lies ahead, counts votes and
 *     decides, the others check, note, look at their own pass, vote and wait for the decision (the same file);
 *   - the job's store, which keeps what was written to it: a failed call is repeated;
 *   - the agent, which may hand over a plan, and may die at any moment: nothing here waits for it.
 *
 * PLANS proposals follow each other, on RANKS ranks (2 or 3). Delays need no fault: every interleaving of passes and threads is explored, so a
 * vote or a decision may come before, at or after the pass that it is for. One rank may be without the plugin
 * (FAULT_MUTE), say no (FAULT_VETO), and a yes may count although its answer was lost (FAULT_LOST_ANSWER).
 *
 * What must hold:
 *   - `one map`: in no pass two ranks have two maps;
 *   - a plan that any rank installs was decided as commit, and every rank installs it;
 *   - `ends`: every proposal is decided, and the passes go on: no rank waits for ever.
 *
 * With -D one safeguard is left out (check_engine.sh has the list); spin must then find what goes wrong.
 */

#ifndef RANKS
#define RANKS 3
#endif
#ifndef PLANS
#define PLANS 2
#endif
#ifndef PASSES
#define PASSES 2
#endif
#ifndef AHEAD
#define AHEAD 1
#endif
#define NONE 0
#ifdef ONE_WORD
#define about(rank, plan) ((rank) * (PLANS + 1))
#else
#define about(rank, plan) ((rank) * (PLANS + 1) + (plan))
#endif
#define COMMIT 1
#define ABORT 2

/* the store */
byte published;            /* number of the last proposal */
byte due[PLANS + 1];       /* its pass */
byte yes[PLANS + 1], no[PLANS + 1];
byte word[PLANS + 1];      /* NONE until the lead has decided */

/* of each rank */
byte pass[RANKS];          /* of its engine */
byte map[RANKS];           /* plan in force; 0: the engine's own */
byte pending[RANKS];       /* proposal that is noted; 0: none */
byte known[RANKS * (PLANS + 1)];  /* word about each plan as this rank knows it */
bool standing[RANKS];      /* between its tick and the collective of the pass */

bool agent_dead;
byte finished;             /* passes that all ranks have made */

inline note(rank, plan) {
  d_step { known[about(rank, plan)] = NONE; pending[rank] = plan }
}

inline end(rank, what) {
  d_step {
    known[about(rank, pending[rank])] = what;
    if
    :: what != COMMIT -> pending[rank] = 0
    :: else
    fi
  }
}

/* A rank's engine: tick, then the collective that all ranks have to reach. */
proctype Engine(byte rank) {
  byte plan;
  do
  :: pass[rank] == PASSES -> break
     /* `passes` is raised before `pending` is read: a proposal that is noted in between is seen. */
  :: atomic { pass[rank] < PASSES -> pass[rank]++ };
     plan = pending[rank];
     if
     :: plan != 0 && pass[rank] >= due[plan] ->
#ifdef WITHOUT_WAIT
        if
        :: known[about(rank, plan)] == NONE -> known[about(rank, plan)] = ABORT    /* decides alone */
        :: known[about(rank, plan)] != NONE
        fi;
#else
        (known[about(rank, plan)] != NONE);
#endif
#ifdef CLEAR_ALWAYS
        pending[rank] = 0;
#endif
        d_step {
          if
          :: known[about(rank, plan)] == COMMIT -> map[rank] = plan; pending[rank] = 0
          :: else                                     /* its thread has dropped it */
          fi
        }
     :: else
     fi;
     d_step { plan = 0; standing[rank] = true };
     (!standing[rank])
  od
}

/* The collective: goes on when every rank is there. */
proctype Collective() {
  byte i;
  do
  :: finished == PASSES -> break
  :: d_step {
       standing[0] && standing[1] && standing[RANKS - 1] ->
       for (i : 1 .. RANKS - 1) {
         assert(pass[i] == pass[0]);
         assert(map[i] == map[0])                     /* one map */
       }
       for (i : 0 .. RANKS - 1) { standing[i] = false }
       finished++
     }
  od
}

/* Rank 0's thread. */
proctype Lead() {
  byte plan = 0;
  byte at;
  bool early;
  do
  :: plan == PLANS || agent_dead -> break             /* nothing more is handed over */
  :: pass[0] == PASSES -> break                       /* the job is over */
  :: plan < PLANS && !agent_dead && pending[0] == 0 && pass[0] < PASSES ->
     atomic { plan++; at = pass[0] + AHEAD };
     atomic { due[plan] = at; note(0, plan) };
     atomic { published = plan; at = 0 };
     /* counts votes until all are there, one is no, its own pass has come, or its patience is over */
     do
     :: no[plan] > 0 -> word[plan] = ABORT; break
     :: no[plan] == 0 && yes[plan] == RANKS - 1 ->
#ifdef WITHOUT_LOOK_AT_PASS
        early = true;
#else
        early = pass[0] < due[plan];                  /* its own pass may not have seen the plan */
#endif
        if
        :: early -> word[plan] = COMMIT
        :: else -> word[plan] = ABORT
        fi;
        break
#ifdef COMMIT_BY_MAJORITY
     :: yes[plan] >= 1 -> word[plan] = COMMIT; break
#endif
     :: word[plan] = ABORT; break                     /* patience */
     od;
     end(0, word[plan])
  od
}

/* Every other rank's thread. */
proctype Follower(byte rank) {
  byte seen = 0;
  bool late;
#ifdef FAULT_MUTE
  if
  :: rank == RANKS - 1 -> goto over                           /* without the plugin */
  :: else
  fi;
#endif
  do
  :: pass[rank] == PASSES -> break                    /* the job is over */
  :: atomic { published > seen && pending[rank] == 0 -> seen = published };
#ifdef FAULT_VETO
     if
     :: rank == RANKS - 1 -> no[seen]++; goto next            /* its check says no */
     :: else
     fi;
#endif
#ifdef LOOK_BEFORE_NOTE
     late = pass[rank] >= due[seen];
     note(rank, seen);
#else
     note(rank, seen);
     late = pass[rank] >= due[seen];
#endif
     if
     :: late -> end(rank, ABORT); no[seen]++
     :: else ->
        if
        :: yes[seen]++
#ifdef FAULT_LOST_ANSWER
        :: rank == 1 -> yes[seen]++;                  /* counted, and the answer was lost */
#ifdef ABORT_ON_ERROR
           end(rank, ABORT); goto next
#endif
#endif
        fi;
        atomic { word[seen] != NONE -> end(rank, word[seen]) }
     fi;
next: late = false
  od;
over: skip
}

/* The agent may die at any moment. */
proctype Agent() {
  if
  :: agent_dead = true
  :: skip
  fi
}

init {
  atomic {
    run Engine(0); run Engine(1);
#if RANKS == 3
    run Engine(2); run Follower(2);
#endif
    run Collective();
    run Lead();
    run Follower(1);
    run Agent()
  }
}

ltl ends { <> (finished == PASSES) }

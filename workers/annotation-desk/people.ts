export type { KnownPerson, People, Person } from '../../activities/reviews/people.ts';

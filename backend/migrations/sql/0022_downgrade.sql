DROP TABLE season_group, season_member, season_measure, ranking_season;

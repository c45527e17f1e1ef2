DROP TABLE energy_figure;
DROP TABLE energy_statement;

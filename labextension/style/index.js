import './base.css';
import './panel.css';
import './runs.css';
import './forms.css';
import './schedules.css';
import './history.css';
import './experiments.css';
